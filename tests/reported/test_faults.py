"""Every reported fault has tests of what is right."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.reported.faults import FAULTS

TESTS = Path(__file__).parents[1]


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("kind", "fault"), [(kind, fault) for kind in FAULTS for fault in FAULTS[kind]])
def test_every_reported_fault_has_tests_that_exist(kind: str, fault: str) -> None:
    named = [test.split("::") for test in FAULTS[kind][fault]]
    assert named
    assert [name for file, name in named if name not in functions_of(file)] == []
