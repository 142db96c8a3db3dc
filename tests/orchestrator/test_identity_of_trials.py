"""Trial ids depend on what a sweep computes, not on how it is written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.sweep.expand import expand
from orchestrator.sweep.keys import settable
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.yaml_source import YamlSource
from tests.support.tiny_sweep import find

BASE: dict[str, Any] = {"preset": "tiny32", "data": "tiny", "augment": "ada", "data.subset": 20, "data.validation": 10}


def trial_id(base: dict[str, Any], **parts: Any) -> str:
    spec = SweepSpec.model_validate({"sweep": "s", "base": base, "horizon_kimg": 1, **parts})
    (trial,) = expand(Sweep(YamlSource(Path("s.yaml"), {}, {}), "", spec), find)
    return trial.id


SAME = trial_id(BASE)


@given(st.permutations(list(BASE.items())))
def test_the_order_of_keys_changes_nothing(items: list[tuple[str, Any]]) -> None:
    assert trial_id(dict(items)) == SAME


@given(st.sampled_from([key for key, fields in settable().items() if "." in key]))
def test_a_default_written_out_changes_nothing(key: str) -> None:
    value = resolved(key)
    if value is not None and not key.startswith("transfer"):
        assert trial_id({**BASE, key: value}) == SAME


@given(st.sampled_from(["1", "1.0", "1e0", "10e-1", "1.000"]))
def test_the_spelling_of_a_number_changes_nothing(text: str) -> None:
    assert trial_id({**BASE, "objective.r1_gamma": json.loads(text)}) == trial_id({**BASE, "objective.r1_gamma": 1})


@pytest.mark.parametrize(
    "parts",
    [
        {"horizon_kimg": 99},
        {"watch": {"tick_kimg": 7, "threads": 3}},
        {"resources": {"cpus": 3}},
        {"metrics": ["kid2k"], "score": "kid2k"},
        {"question": "why?", "figures": ["x"], "claims": ["prose: y"], "budget": {"kwh": 3}},
    ],
)
def test_how_far_and_how_watched_and_on_what_changes_nothing(parts: dict[str, Any]) -> None:
    assert trial_id(BASE, **parts) == SAME


def test_the_name_of_the_data_set_changes_nothing() -> None:
    assert trial_id({**BASE, "data": "./elsewhere/under-another-name.zip"}) == SAME


def test_every_setting_that_changes_a_result_changes_the_id() -> None:
    ids = {key: trial_id({**BASE, key: value}) for key, value in different_values()}
    assert len(ids) > 40
    assert [key for key, one in ids.items() if one == SAME] == []
    assert len(set(ids.values())) == len(ids)


def test_the_seed_changes_the_id() -> None:
    assert trial_id(BASE, seeds=[1]) != SAME


def resolved(key: str) -> Any:
    """Return the value of `key` in the configuration of BASE."""
    spec = SweepSpec.model_validate({"sweep": "s", "base": BASE, "horizon_kimg": 1})
    (trial,) = expand(Sweep(YamlSource(Path("s.yaml"), {}, {}), "", spec), find)
    here: Any = trial.config.model_dump(mode="json")
    for part in key.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here


OTHER_WORDS = {
    "augment.pipe": "bgcf",
    "augment.heuristic": "rv",
    "generator.architecture": "resnet",
    "discriminator.architecture": "skip",
    "generator.precision.dtype": "bf16",
    "discriminator.precision.dtype": "bf16",
    "generator.modulation": "per-sample",
    "discriminator.minibatch_std_group": 8,
    "batch": 64,
    "micro_batch": 8,
}


def different_values() -> Iterator[tuple[str, Any]]:
    """Yield every leaf of BASE with a different value."""
    for key in settable():
        value = resolved(key)
        if key in OTHER_WORDS:
            yield key, OTHER_WORDS[key]
        elif isinstance(value, bool):
            yield key, not value
        elif isinstance(value, int):
            yield key, value + 1
        elif isinstance(value, float):
            yield key, value * 0.5 if value else 0.5
