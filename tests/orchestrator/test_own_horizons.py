"""Cells and conditions may have a horizon of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import read_sweep
from tests.support.tiny_sweep import find

Write = Callable[[str], Path]

SWEEP = """\
sweep: s
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
cells: {long: {augment: none, horizon_kimg: 3}, usual: {augment: none, data.subset: 20}, ada: {augment: ada}}
when: [{if: {augment: ada}, set: {horizon_kimg: 5}}]
derive: {objective.r1_gamma: horizon_kimg / 2}
horizon_kimg: 1
"""
SEARCH = "search: {trials: 2, space: {batch: {choice: [20]}}}\nwhen: [{if: {batch: 20}, set: {horizon_kimg: 2}}]\n"


def test_a_cell_and_a_condition_set_the_horizon_of_some_runs_alone(sweep_file: Write) -> None:
    trials = expand(read_sweep(sweep_file(SWEEP)), find)
    assert [(trial.name, trial.horizon_kimg) for trial in trials] == [("long", 3), ("usual", 1), ("ada", 5)]


def test_expressions_see_the_horizon_of_their_cell(sweep_file: Write) -> None:
    trials = expand(read_sweep(sweep_file(SWEEP)), find)
    assert [trial.config.objective.model_dump()["r1_gamma"] for trial in trials] == [1.5, 0.5, 2.5]


@pytest.mark.parametrize(
    ("old", "new", "longest"), [("", "", 5), ("kimg: 5", "kimg: 2", 3), ("\nhorizon_kimg: 1", "\nhorizon_kimg: 8", 8)]
)
def test_the_longest_horizon_is_that_of_the_sweep_or_of_any_cell(
    sweep_file: Write, old: str, new: str, longest: float
) -> None:
    assert read_sweep(sweep_file(SWEEP.replace(old, new))).spec.longest_horizon_kimg == longest


def test_a_horizon_is_no_part_of_a_trials_id(sweep_file: Write) -> None:
    without = SWEEP.replace(", horizon_kimg: 3", "").replace("horizon_kimg / 2", "'0.25'")
    ids = [[trial.id for trial in expand(read_sweep(sweep_file(text)), find)] for text in (without, without[:-2] + "7")]
    assert ids[0] == ids[1]


def test_another_horizon_for_the_whole_sweep_replaces_those_of_cells(sweep_file: Write) -> None:
    spec = read_sweep(sweep_file(SWEEP)).spec.at_horizon(9)
    assert spec.horizon_kimg == 9
    assert "horizon_kimg" not in spec.cells["long"]
    assert spec.when[0].set == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("grid: {horizon_kimg: [1, 2]}\n", "grid.horizon_kimg: belongs at the top level"),
        ("exclude: [{horizon_kimg: 2}]\n", "exclude[0].horizon_kimg: belongs at the top level"),
        (
            f"stop: {{type: asha, first_kimg: 0.5, factor: 2}}\nmetrics: [fid2k]\n{SEARCH}",
            "when[0].set.horizon_kimg: a stop rule compares the configurations of a search at one horizon",
        ),
        (
            "metrics: [fid2k]\n" + SEARCH.replace("trials: 2", "trials: 2, driver: ray_tune"),
            "when[0].set.horizon_kimg: Ray Tune compares the configurations of a search at one horizon",
        ),
    ],
)
def test_a_horizon_where_it_cannot_be_is_refused_with_its_line(sweep_file: Write, text: str, expected: str) -> None:
    file = sweep_file("sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n" + text)
    with pytest.raises(SweepError) as error:
        read_sweep(file)
    assert expected in str(error.value)


def test_a_horizon_of_nothing_is_refused_at_the_line_of_its_cell(sweep_file: Write) -> None:
    with pytest.raises(SweepError, match=r":3: cells.long.horizon_kimg: Input should be greater than 0, not 0"):
        expand(read_sweep(sweep_file(SWEEP.replace("horizon_kimg: 3", "horizon_kimg: 0"))), find)
