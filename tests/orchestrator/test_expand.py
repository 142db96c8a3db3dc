from collections.abc import Callable

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.trial import Trial
from tests.support.tiny_sweep import find
from trainer.config.identity import trial_id
from trainer.config.train import TrainConfig

Read = Callable[..., Sweep]

BASE = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n"


@pytest.fixture
def trials(read: Read) -> Callable[[str], list[Trial]]:
    return lambda text: expand(read(BASE + text), find)


Trials = Callable[[str], list[Trial]]


def test_cells_are_the_product_of_the_axes_in_the_order_of_the_file(trials: Trials) -> None:
    found = trials("grid: {data.subset: [20, 40], augment: [none, ada]}\nseeds: 2\n")
    assert [(trial.cell, trial.seed) for trial in found[:3]] == [
        ("data.subset=20, augment=none", 0),
        ("data.subset=20, augment=none", 1),
        ("data.subset=20, augment=ada", 0),
    ]
    assert len({trial.id for trial in found}) == len(found) == 8


def test_a_sweep_without_axes_has_one_cell(trials: Trials) -> None:
    assert [trial.cell for trial in trials("")] == ["base"]


@pytest.mark.parametrize("horizon", ["1e-308", "0.0001", "0.001"])
def test_a_horizon_below_an_iteration_is_one_iteration(read: Read, horizon: str) -> None:
    [trial] = expand(read(BASE.replace("horizon_kimg: 1", f"horizon_kimg: {horizon}")), find)
    assert trial.horizon_kimg == trial.config.batch / 1000


@pytest.mark.parametrize(
    ("text", "key"),
    [("horizon_kimg: 1e308", "horizon_kimg"), ("horizon_kimg: 1\nevaluation_seeds: 10000000000", "evaluation_seeds")],
)
def test_what_no_machine_could_do_is_refused(read: Read, text: str, key: str) -> None:
    with pytest.raises(SweepError, match=f"{key}: Input should be less than or equal to"):
        read(BASE.replace("horizon_kimg: 1", text))


def test_zipped_axes_move_together(trials: Trials) -> None:
    found = trials(["zip: {data.subset: [20, 40], batch: [32, 64]}\n", ": {preset: tiny32, data: tiny}\n"][0])
    assert [(trial.config.data.subset, trial.config.batch) for trial in found] == [(20, 32), (40, 64)]


def test_cells_have_names_and_cross_with_the_grid(trials: Trials) -> None:
    text = "cells:\n  plain: {augment: none}\n  adaptive: {augment: ada, augment.target: 0.5}\n"
    text += "grid: {data.subset: [20, 40]}\n"
    found = trials(text)
    assert [trial.cell for trial in found][2:] == ["adaptive, data.subset=20", "adaptive, data.subset=40"]
    assert found[2].settings == {"augment": "ada", "augment.target": 0.5, "data.subset": 20}
    assert getattr(found[2].config.augment, "target") == 0.5  # noqa: B009


def test_when_adds_settings_and_axes_where_it_holds(trials: Trials) -> None:
    text = "grid: {augment: [none, ada]}\n"
    text += "when:\n- {if: {augment: ada}, set: {augment.interval: 8}, grid: {augment.target: [0.5, 0.7]}}\n"
    assert [trial.cell for trial in trials(text)] == [
        "augment=none",
        "augment=ada, augment.target=0.5",
        "augment=ada, augment.target=0.7",
    ]
    assert {getattr(trial.config.augment, "interval", None) for trial in trials(text)} == {None, 8}


def test_conditions_see_presets_and_defaults(trials: Trials) -> None:
    assert len(trials("when: [{if: {preset: tiny32}, grid: {batch: [32, 64]}}]\n")) == 2
    assert len(trials("when: [{if: {discriminator.capacity: 1.0}, grid: {batch: [32, 64]}}]\n")) == 2
    with pytest.raises(SweepError, match=r"no cell has 512; cells have 64"):
        trials("when: [{if: {generator.z_dim: 512}, grid: {batch: [32, 64]}}]\n")


def test_exclude_leaves_out_cells_that_match_in_everything(trials: Trials) -> None:
    text = (
        "grid: {data.subset: [20, 30, 40], augment: [none, ada]}\nexclude:\n- {augment: ada, data.subset: [20, 30]}\n"
    )
    assert [trial.cell for trial in trials(text) if "ada" in trial.cell] == ["data.subset=40, augment=ada"]


def test_excluding_everything_is_an_error(read: Read) -> None:
    with pytest.raises(SweepError, match=":4: exclude: excludes all cells"):
        expand(read(BASE + "exclude: [{data: tiny}]\n"), find)


def test_a_bare_name_keeps_the_settings_around_it(trials: Trials) -> None:
    text = "grid: {augment: [none, ada]}\n"
    assert getattr(trials(text)[1].config.augment, "horizon_kimg") == 100.0  # noqa: B009  the preset's
    found = trials("cells: {a: {augment: none}, b: {augment: ada, augment.target: 0.4}}\n")
    assert [getattr(trial.config.augment, "target", None) for trial in found] == [None, 0.4]


def test_a_choice_left_and_taken_again_has_what_the_preset_says_of_it(trials: Trials) -> None:
    (trial,) = trials("cells: {a: {augment: none}}\nderive: {augment: \"'ada'\"}\n")
    assert trial.config.augment.model_dump(include={"type", "horizon_kimg"}) == {"type": "ada", "horizon_kimg": 100.0}


def test_the_subset_is_drawn_with_the_seed_of_the_run_unless_said_otherwise(trials: Trials) -> None:
    assert [trial.config.data.subset_seed for trial in trials("seeds: [3, 4]\n")] == [3, 4]
    fixed = trials("seeds: [3, 4]\ncells: {a: {data.subset_seed: 9}}\n")
    assert [trial.config.data.subset_seed for trial in fixed] == [9, 9]


@pytest.mark.parametrize("more", ["", ", data.subset: 20", ", data.subset_seed: 9"])
def test_every_seed_has_the_configuration_and_id_that_it_has_alone(trials: Trials, more: str) -> None:
    cells = f"cells: {{a: {{augment: ada{more}}}, b: {{transfer: {{cell: a, seed: same}}{more}}}}}\n"
    for trial in trials(f"seeds: [3, 4, 5]\n{cells}"):
        alone = trials(f"seeds: [{trial.seed}]\n{cells}")
        assert (trial.id, trial.config) in [(one.id, one.config) for one in alone]
        assert TrainConfig.model_validate(trial.config.model_dump()) == trial.config
        assert trial.id == trial_id(trial.config)


def test_cells_of_the_same_computation_share_a_trial(trials: Trials) -> None:
    found = trials("cells: {default: {}, explicit: {discriminator.capacity: 1.0}}\n")
    assert found[0].id == found[1].id
    assert [(trial.cell, trial.name) for trial in found] == [("default", "default"), ("explicit", "explicit")]


def test_expanding_twice_gives_the_same(read: Read) -> None:
    sweep = read(BASE + "grid: {augment: [none, ada], batch: [32, 64]}\nseeds: 3\n")
    assert [trial.id for trial in expand(sweep, find)] == [trial.id for trial in expand(sweep, find)]


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ("augment == 'ADA'", "'augment' is never 'ADA', but one of: ada, .*; did you mean 'ada'?"),
        ("'rotate' != augment.transform", "'augment.transform' is never 'rotate', but one of: flip, rotation, "),
        ("batch == '16'", "compares the text '16' with 16"),
        ("data.mirror == 'yes'", "compares the text 'yes' with False"),
    ],
)
def test_a_comparison_that_can_never_hold_is_refused(trials: Trials, test: str, problem: str) -> None:
    with pytest.raises(SweepError, match=problem):
        trials(f'cells: {{a: {{batch: 16}}}}\nderive: {{objective.r1_gamma: "5 if {test} else 1"}}\n')


def test_every_derived_value_that_cannot_be_is_told_at_once(trials: Trials) -> None:
    with pytest.raises(SweepError, match="not a number") as refusal:
        trials("derive: {objective.r1_gamma: 1 / 0, ema.half_life_kimg: augment + 1, batch: batch}\n")
    wrong = [problem.key for problem in refusal.value.problems]
    assert wrong == ["derive.objective.r1_gamma", "derive.ema.half_life_kimg"]
