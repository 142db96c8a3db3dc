"""Cells and conditions may have a horizon of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.errors import SweepError
from orchestrator.plan.cautions import cautions, saved_bytes
from orchestrator.plan.moments import moment_problems
from orchestrator.store.layout import Store
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


HORIZONS = """\
sweep: s
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
horizon_kimg: 1
metrics: [fid2k]
when: [{if: {augment: ada}, set: {horizon_kimg: 4}}]
search: {trials: 4, space: {augment: {choice: [none, ada]}, batch: {choice: [20, 40]}}}
"""
CONTINUOUS = HORIZONS.replace("batch: {choice: [20, 40]}", "objective.r1_gamma: {log_uniform: [0.01, 10]}")


def test_each_configuration_of_a_search_is_priced_to_its_own_horizon(store: Store, sweep_file: Write) -> None:
    plan = plan_sweep(store, Request(sweep_file(HORIZONS)))
    assert sorted(cost.kimg for cost in plan.awaited) == [1, 1, 4, 4]


def test_configurations_of_a_large_space_are_priced_as_drawn_at_random(store: Store, sweep_file: Write) -> None:
    file = sweep_file(CONTINUOUS.replace("trials: 4", "trials: 1000"))
    plan = plan_sweep(store, Request(file))
    assert len(plan.awaited) == 1000
    assert 1800 < plan.totals.kimg < 3200
    assert plan_sweep(store, Request(file)).totals.kimg == plan.totals.kimg


def test_long_horizons_of_some_configurations_count_against_the_budget(store: Store, sweep_file: Write) -> None:
    text = HORIZONS.replace("horizon_kimg: 4}", "horizon_kimg: 4000}") + "budget: {cpu_hours: 1}\n"
    assert plan_sweep(store, Request(sweep_file(text))).budget_problems


@pytest.mark.parametrize(("when", "told"), [(0.01, True), (2, False)])
def test_a_batch_is_compared_with_the_horizon_of_its_own_cells(
    sweep_file: Write, tmp_path: Path, when: float, told: bool
) -> None:
    text = (
        "sweep: s\nbase: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20, augment: ada}\nhorizon_kimg: 0.01\n"
    )
    sweep = read_sweep(sweep_file(f"{text}when: [{{if: {{augment: ada}}, set: {{horizon_kimg: {when}}}}}]\n"))
    found = [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if "one batch" in line]
    assert bool(found) is told


def test_the_snapshots_of_a_cell_are_those_up_to_its_own_horizon(sweep_file: Write) -> None:
    sweep = read_sweep(sweep_file(SWEEP.replace("kimg: 5}", "kimg: 500}") + "watch: {snapshots_kept: all}\n"))
    usual, ada = expand(sweep, find)[1:]
    assert saved_bytes(sweep.spec.watch, ada) > 5 * saved_bytes(sweep.spec.watch, usual)


def test_rungs_up_to_the_longest_horizon_need_an_evaluation(sweep_file: Write) -> None:
    text = SWEEP.replace("kimg: 5}", "kimg: 40}") + "metrics: [fid2k]\nwatch: {evaluate_every_kimg: 5}\n"
    sweep = read_sweep(sweep_file(text + "stop: {type: asha, first_kimg: 5, factor: 2.3}\n"))
    ((_, told),) = moment_problems(sweep, [])
    assert "asha has no scores at 11.5, 26.45 kimg" in told


def test_a_condition_on_a_number_that_is_hardly_ever_drawn_is_refused(store: Store, sweep_file: Write) -> None:
    file = sweep_file(CONTINUOUS.replace("if: {augment: ada}", "if: {objective.r1_gamma: 5}"))
    with pytest.raises(SweepError, match=r"when\[0\].if.objective.r1_gamma: 5.* is hardly ever drawn.*choice"):
        plan_sweep(store, Request(file))


CLAIM = "metrics: [fid2k]\nseeds: 5\nwatch: {evaluate_every_kimg: 1}\nclaims: ['long > ada"


@pytest.mark.parametrize(("claim", "told"), [("", True), (", 3 kimg", False)])
def test_a_plan_tells_of_claims_that_compare_runs_of_different_lengths(
    sweep_file: Write, tmp_path: Path, claim: str, told: bool
) -> None:
    sweep = read_sweep(sweep_file(f"{SWEEP}{CLAIM}{claim}']\n"))
    found = [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if line.startswith("claim")]
    text = (
        'claim "long > ada" compares runs of 5 kimg with runs of 3 kimg; to compare both at one point, add ", 3 kimg"'
    )
    assert found == ([text] if told else [])
