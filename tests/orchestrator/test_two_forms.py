"""One setting in two forms at one place is refused: one of them would be lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import read_sweep
from tests.support.tiny_sweep import find

Write = Callable[[str], Path]
HEAD = "sweep: test\nhorizon_kimg: 1\n"
BASE = "base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20, "
TWICE = [
    f"{HEAD}{BASE}generator: {{z_dim: 512}}, generator.z_dim: 256}}",
    f"{HEAD}{BASE}generator.z_dim: 256, generator: {{z_dim: 512}}}}",
    f"{HEAD}{BASE}}}\ncells: {{a: {{augment: ada, augment.type: none}}}}",
    f"{HEAD}{BASE}data.source: other}}",
    f"{HEAD}{BASE}}}\nwhen: [{{if: {{batch: 20}}, set: {{generator: {{z_dim: 1}}, generator.z_dim: 2}}}}]",
    f"{HEAD}{BASE}generator.z_dim: 256}}\ntiers: {{small: {{base: {{generator: {{z_dim: 512}}}}}}}}",
]


@pytest.mark.parametrize("text", TWICE)
def test_a_setting_in_two_forms_is_refused_and_both_are_named(sweep_file: Write, text: str) -> None:
    with pytest.raises(SweepError) as error:
        read_sweep(sweep_file(text))
    (problem,) = error.value.problems
    assert "is given twice, here and as `" in problem.text


def test_both_forms_are_spelled_as_in_the_file(sweep_file: Write) -> None:
    with pytest.raises(SweepError) as error:
        read_sweep(sweep_file(TWICE[0]))
    (problem,) = error.value.problems
    assert (problem.key, problem.text) == (
        "base.generator.z_dim",
        "is given twice, here and as `generator: {z_dim}`; keep one",
    )


def test_a_tier_may_override_a_key_of_a_group(sweep_file: Write) -> None:
    text = f"{HEAD}{BASE}generator: {{z_dim: 512}}}}\ntiers: {{small: {{base: {{generator.z_dim: 64}}}}}}"
    sweep = read_sweep(sweep_file(text), "small")
    assert [trial.config.generator.z_dim for trial in expand(sweep, find)] == [64]


def test_a_choice_and_its_settings_are_no_conflict(sweep_file: Write) -> None:
    text = f"{HEAD}{BASE}augment: ada, augment.target: 0.5, generator: {{z_dim: 64}}, generator.w_dim: 64}}"
    assert read_sweep(sweep_file(text)).spec.base["augment"] == "ada"
