"""Search spaces: their points, and errors in their definition."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import applies
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_points import points_to_store, stored_points, study_name, trials_of, typical_trials
from orchestrator.sweep.search_space import examples, sampled
from tests.support.tiny_sweep import find

Read = Callable[..., Sweep]
BASE = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n"
SEARCH = (
    BASE
    + """\
search:
  trials: 6
  space:
    augment: {choice: [none, ada]}
    augment.target: {uniform: [0.3, 0.7], when: {augment: ada}}
    objective.r1_gamma: {log_uniform: [0.01, 100]}
    generator.mapping_layers: {int: [1, 4]}
"""
)


class Scripted:
    """Suggests the given values."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        assert low < high
        assert log == ("gamma" in name)
        return float(self.values[name])

    def suggest_int(self, name: str, _low: int, _high: int) -> int:
        return int(self.values[name])

    def suggest_categorical(self, name: str, _choices: Any) -> Any:
        return self.values[name]


def test_a_dimension_with_a_condition_is_left_out_where_it_does_not_hold(read: Read) -> None:
    sweep = read(SEARCH)
    assert sweep.spec.search
    values = {"augment.target": 0.51237, "objective.r1_gamma": 1 / 3, "generator.mapping_layers": 2}
    points = [
        sampled(sweep.spec.search.space, Scripted(values | {"augment": name}), applies(sweep, find))
        for name in ("none", "ada")
    ]
    common = {"objective.r1_gamma": 0.3333, "generator.mapping_layers": 2}
    assert points == [{"augment": "none"} | common, {"augment": "ada", "augment.target": 0.5124} | common]


def test_a_point_becomes_ordinary_trials_one_for_each_seed_and_cell(read: Read) -> None:
    sweep = read(SEARCH + "seeds: 2\ngrid: {data.subset: [20, 40]}\n")
    trials = trials_of(sweep, {"augment": "ada", "augment.target": 0.5}, find)
    assert len({trial.id for trial in trials}) == 4
    assert trials[0].cell == "augment=ada, augment.target=0.5, data.subset=20"
    assert trials[0].settings == {"augment": "ada", "augment.target": 0.5, "data.subset": 20}
    plain = BASE.replace("data: tiny", "data: tiny, augment: ada, augment.target: 0.5, data.subset: 20")
    assert trials[0].id == trials_of(read(plain), {}, find)[0].id


def test_examples_show_every_choice_and_both_ends(read: Read) -> None:
    search = read(SEARCH).spec.search
    assert search
    shown = examples(search.space, applies(read(SEARCH), find))
    assert {point["augment"] for point in shown} == {"none", "ada"}
    assert {point.get("augment.target") for point in shown} == {None, 0.3, 0.5, 0.7}
    assert {point["objective.r1_gamma"] for point in shown} == {1.0, 0.01, 100}
    assert len(typical_trials(read(SEARCH), find)) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("    augment.targt: {uniform: [0, 1]}", "8: search.space.augment.targt: is not a setting; did you mean"),
        ("    batch: {unifrom: [0, 1]}", "needs one of uniform"),
        ("    batch: {uniform: [3, 2]}", "uniform: 3 is not less than 2"),
        ("    batch: {int: [7, 9]}", "8: search.space.batch: batch 8 does not divide into micro-batches"),
        ("    augment: {choice: [none, adda]}", "8: search.space.augment: 'adda' is not one of:"),
        ("    objective.r1_gamma: {uniform: [-1, 1]}", "8: search.space.objective.r1_gamma: Input should be"),
        ("    batch: {int: [16, 32], when: {augmnt: ada}}", "is not a setting; did you mean 'augment'"),
        ("    data: {choice: [3]}", "must be the name or path of a data set, not 3"),
    ],
)
def test_a_mistake_is_reported_at_its_line_before_anything_runs(read: Read, line: str, message: str) -> None:
    with pytest.raises(SweepError) as refused:
        typical_trials(read(BASE + "\nsearch:\n  trials: 3\n  space:\n" + line + "\n"), find)
    assert message in str(refused.value)


def test_a_tier_may_sample_less(read: Read) -> None:
    spec = read(SEARCH + "tiers: {smoke: {search: {trials: 2}}}\n", "smoke").spec
    assert spec.search
    assert (spec.search.trials, len(spec.search.space)) == (2, 4)


def test_a_study_belongs_to_a_question_and_not_to_how_it_is_watched(read: Read) -> None:
    name = study_name(read(SEARCH).spec)
    for more in ("watch: {tick_kimg: 2}\n", "resources: {cpus: 2}\n", "question: why\n", "stop: median\n"):
        assert study_name(read(SEARCH + more).spec) == name
    assert study_name(read(SEARCH.replace("trials: 6", "trials: 9")).spec) == name
    worst = SEARCH.replace("trials: 6", "trials: 6\n  over_seeds: worst")
    for other in (
        worst,
        SEARCH.replace("100]", "10]"),
        SEARCH + "metrics: [kid2k]\n",
        SEARCH.replace("kimg: 1", "kimg: 2"),
    ):
        assert study_name(read(other).spec) != name


def test_points_are_kept_for_as_long_as_the_space_is_the_same(read: Read) -> None:
    points = ({"augment": "none"}, {"augment": "ada"})
    sweep = read(SEARCH)
    plan = points_to_store(Sweep(sweep.source, "", sweep.spec, points))
    assert stored_points(sweep, plan) == points
    assert stored_points(read(SEARCH.replace("trials: 6", "trials: 1")), plan) == points[:1]
    assert stored_points(read(SEARCH.replace("kimg: 1", "kimg: 2")), plan) == points
    assert stored_points(read(SEARCH.replace("100]", "10]")), plan) == ()
    assert stored_points(sweep, None) == ()
