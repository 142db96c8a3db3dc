"""A cell's label agrees with its trial: axes, `derive`, `when`, search spaces and named cells."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep, read_sweep
from orchestrator.sweep.trial import Trial
from tests.support.tiny_sweep import find

Read = Callable[..., Sweep]
HEAD = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n"
KEYS: dict[str, list[Any]] = {
    "batch": [16, 32],
    "data.subset": [20, 40],
    "objective.r1_gamma": [0.5, 2.0],
    "augment": ["none", "ada"],
}
CHOICES = {key: st.sampled_from(values) for key, values in KEYS.items()}
SOME = st.fixed_dictionaries({}, optional=CHOICES)
LISTS = {key: st.lists(one, min_size=1, max_size=2, unique=True) for key, one in CHOICES.items()}
FILES = st.fixed_dictionaries(
    {"base": SOME.map(lambda given: {"preset": "tiny32", "data": "tiny", **given})},
    optional={
        "grid": st.fixed_dictionaries({}, optional=LISTS),
        "zip": st.fixed_dictionaries({}, optional={key: st.just(values) for key, values in KEYS.items()}),
        "cells": st.fixed_dictionaries({}, optional={"a": SOME, "b": SOME}),
        "when": st.lists(
            st.fixed_dictionaries(
                {"if": SOME, "set": SOME}, optional={"grid": st.fixed_dictionaries({}, optional=LISTS)}
            ),
            max_size=2,
        ),
        "exclude": st.lists(SOME.filter(bool), max_size=1),
        "derive": SOME.map(lambda given: {key: repr(value) for key, value in given.items()}),
        "search": SOME.map(lambda given: {"trials": 1, "space": {key: {"choice": KEYS[key]} for key in given}}).filter(
            lambda search: search["space"]
        ),
    },
)


def actual(trial: Trial, key: str) -> Any:
    """Return the value of a key in the configuration of the trial."""
    here: Any = trial.config
    for part in key.split("."):
        here = getattr(here, part)
    return getattr(here, "type", here)


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("grid: {batch: [16, 32]}\ncells: {a: {batch: 64}}\n", ("grid.batch", "cells.a.batch")),
        ("grid: {batch: [16, 32]}\nzip: {batch: [16, 32]}\n", ("grid.batch", "zip.batch")),
        ("grid: {batch: [16, 32]}\nderive: {batch: 64}\n", ("derive.batch", "grid.batch")),
        ("grid: {batch: [16, 32]}\nwhen: [{if: {batch: 32}, set: {batch: 64}}]\n", ("when[0].set.batch", "grid.batch")),
        (
            "grid: {batch: [16, 32]}\nwhen: [{if: {batch: 32}, grid: {batch: [8]}}]\n",
            ("when[0].grid.batch", "grid.batch"),
        ),
        ("grid: {data: [tiny]}\nderive: {data.source: \"'other'\"}\n", ()),
        (
            "grid: {augment.target: [0.5, 0.7]}\nderive: {augment: \"'none'\"}\n",
            ("derive.augment", "grid.augment.target"),
        ),
    ],
)
def test_what_an_axis_sets_nothing_else_may_set_and_both_places_are_named(
    read: Read, text: str, both: tuple[str, ...]
) -> None:
    with pytest.raises(SweepError) as caught:
        expand(read(HEAD + text), find)
    assert all(name in str(caught.value) for name in both)
    assert str(caught.value).count("sweep.yaml:") >= 2 * len(caught.value.problems)


@pytest.mark.parametrize(
    "text",
    ["grid: {resources.cpus: [1, 2]}\n", "cells: {slow: {resources.cpus: 1}, fast: {resources.cpus: 2}}\n"],
)
def test_cells_that_differ_in_resources_alone_are_one_trial_and_refused(read: Read, text: str) -> None:
    with pytest.raises(SweepError, match=r"is the same trial as cell .+, which has other resources"):
        expand(read(HEAD + text), find)


def test_cells_may_have_resources_of_their_own(read: Read) -> None:
    found = expand(read(HEAD + "cells: {a: {batch: 16}, b: {batch: 32, resources.cpus: 2}}\nseeds: 2\n"), find)
    assert [trial.resources.cpus for trial in found] == [1, 1, 2, 2]


def test_a_search_space_and_an_axis_may_not_set_the_same(read: Read) -> None:
    sweep = read(HEAD + "grid: {batch: [16, 32]}\nsearch: {trials: 2, space: {batch: {choice: [16, 64]}}}\n")
    with pytest.raises(SweepError, match=r"grid\.batch: overrides the axis search\.space\.batch"):
        expand(replace(sweep, sampled=({"batch": 64},)), find)


def test_what_lies_in_the_group_of_an_axis_may_be_derived(read: Read) -> None:
    found = expand(read(HEAD + "grid: {augment: [ada]}\nderive: {augment.target: 0.5}\n"), find)
    assert actual(found[0], "augment") == "ada"


@pytest.mark.parametrize("base", ["augment.p: 0.3, augment: fixed", "augment: fixed, augment.p: 0.3"])
def test_the_order_of_keys_means_nothing(read: Read, base: str) -> None:
    text = f"sweep: s\nbase: {{preset: tiny32, data: tiny, {base}}}\nhorizon_kimg: 1\n"
    (trial,) = expand(read(text), find)
    assert trial.config.augment.model_dump(include={"type", "p"}) == {"type": "fixed", "p": 0.3}


@settings(max_examples=40, deadline=None)
@given(content=FILES)
def test_every_label_says_what_is_run_or_the_sweep_is_refused(content: dict[str, Any], tmp_path_factory: Any) -> None:
    file: Path = tmp_path_factory.getbasetemp() / "labels.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump({"sweep": "s", "horizon_kimg": 1, **content}, stream)
    try:
        sweep = read_sweep(file)
        space = sweep.spec.search.space if sweep.spec.search else {}
        trials = expand(replace(sweep, sampled=({key: KEYS[key][0] for key in space},)), find)
    except SweepError:
        return
    for trial in trials:
        assert {key: actual(trial, key) for key in trial.settings} == trial.settings
