"""Expressions in sweep files: their values, and that only arithmetic is allowed."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.sweep.expression import ExpressionError, evaluate

SETTINGS = {"batch": 32, "data.resolution": 256, "augment": "ada", "subset": None}


def value(text: str) -> Any:
    return evaluate(text, lambda name: SETTINGS[name])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0002 * data.resolution ** 2 / batch", 0.4096),
        ("7 // 2 + 7 % 4 - -1", 7),
        ("min(500, batch * 10)", 320),
        ("max(1, int(log2(data.resolution)) - 2)", 6),
        ("round(10 / 3, 2)", 3.33),
        ("'ada' if batch < 64 and not batch == 16 else 'none'", "ada"),
        ("1 < batch <= 32", True),
        ("augment == 'ada' or subset == 1", True),
        ("None", None),
    ],
)
def test_arithmetic_has_its_usual_meaning(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os').system('ls')", "is not supported"),
        ("batch.__class__", "batch.__class__"),
        ("(lambda: 1)()", "is not supported"),
        ("[x for x in (1, 2)]", "is not supported"),
        ("open('/etc/passwd')", "is not supported"),
        ("f'{batch}'", "is not supported"),
        ("batch if", "not a valid expression"),
        ("9 ** 9 ** 9", "is too large"),
        ("10 ** 38 * 10 ** 38 * 10 ** 38", "bits"),
        ("'a' * 1000000000", "not a number"),
        ("augment + 1", "'ada', not a number"),
        ("True + 1", "not a number"),
        ("1 / 0", "division by zero"),
        ("(-1) ** 0.5", "not a real number"),
        ("1e308 * 10", "gives inf"),
        ("min()", "expected at least 1"),
        ("1 + " * 200 + "1", "longer than 500"),
        ("(" * 240 + "1" + ")" * 240, "not a valid expression"),
        ("1 is 1", "only the comparisons ==, !="),
        ("5 if batch == '32' else 1", "compares the text '32' with 32; write numbers, True and False unquoted"),
        ("5 if None > batch else 1", "asks which of None and 32 is larger, but None is no number"),
        ("5 if 'yes' != (batch > 1) else 1", "compares the text 'yes' with True"),
    ],
)
def test_anything_else_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises((ExpressionError, KeyError), match=r"(?s).*") as refused:
        value(text)
    assert message in str(refused.value)


@given(st.text(max_size=80))
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    with contextlib.suppress(ExpressionError, KeyError):
        assert isinstance(value(text), int | float | str | None)
