from collections.abc import Callable

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.coercion import coerced
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_points import typical_trials
from tests.support.tiny_sweep import find

Read = Callable[..., Sweep]
HEAD = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "grid: {augment: [none, ada]}\nexclude: [{augment: adaa}]\n",
            r"exclude\[0\].augment: no cell has 'adaa'.* did you mean 'ada'",
        ),
        (
            "grid: {data.subset: [20, 40]}\nwhen: [{if: {data.subset: 50}, set: {batch: 32}}]\n",
            "50; cells have 20, 40",
        ),
        ("grid: {augment: [none, ada]}\nexclude: [{augment: [ada, fixd]}]\n", "no cell has 'fixd'"),
        ("grid: {data.mirror: [yes, no]}\nexclude: [{data.mirror: maybe}]\n", "no cell has 'maybe'"),
    ],
)
def test_a_condition_that_can_match_nothing_is_refused(read: Read, text: str, problem: str) -> None:
    with pytest.raises(SweepError, match=problem):
        expand(read(HEAD + text), find)


def _never(read: Read, text: str) -> str:
    with pytest.raises(SweepError) as caught:
        expand(read(HEAD + text), find)
    return str(caught.value)


CELLS = "cells: {a: {augment: none, batch: 16}, b: {augment: ada, batch: 32}}\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("exclude: [{augment: none, batch: 32}]\n", "exclude[0]"),
        ("exclude: [{augment: [none], batch: [32, 64]}]\n", "exclude[0]"),
        ("when: [{if: {augment: ada, batch: '16'}, set: {data.mirror: true}}]\n", "when[0].if"),
    ],
)
def test_values_that_no_cell_has_together_are_refused(read: Read, text: str, place: str) -> None:
    assert f"{place}: no cell has these values of augment and batch together" in _never(read, CELLS + text)


ADA_ALONE = "when: [{if: {augment: ada}, set: {data.mirror: true}}]\n"


@pytest.mark.parametrize("exclude", ["{augment: ada}", "{data.mirror: true}", "{batch: 32}"])
def test_a_condition_that_holds_only_in_excluded_cells_is_refused(read: Read, exclude: str) -> None:
    text = _never(read, f"{CELLS}{ADA_ALONE}exclude: [{exclude}]\n")
    assert "when[0].if: holds only in cells that `exclude` drops; remove it, or exclude fewer" in text


@pytest.mark.parametrize(
    "rest",
    [
        "grid: {data.subset: [20, 40]}\nexclude: [{augment: ada, data.subset: 20}]\n",
        "exclude: [{augment: ada}]\ntiers: {all: {exclude: []}}\n",
    ],
)
def test_a_condition_that_holds_in_a_cell_that_is_kept_somewhere_is_not(read: Read, rest: str) -> None:
    assert expand(read(HEAD + CELLS + ADA_ALONE + rest), find)


def test_a_tier_may_exclude_the_cells_of_a_condition_of_the_sweep(read: Read) -> None:
    text = f"{HEAD}{CELLS}{ADA_ALONE}tiers: {{few: {{exclude: [{{augment: ada}}]}}}}\n"
    assert [trial.cell for trial in expand(read(text, "few"), find)] == ["a"]


def test_values_that_cells_of_a_tier_have_together_are_not(read: Read) -> None:
    text = CELLS + "exclude: [{augment: none, batch: 32}]\n"
    tiers = "tiers: {all: {cells: {c: {augment: none, batch: 32}}}}\n"
    assert [trial.cell for trial in expand(read(HEAD + text + tiers), find)] == ["a", "b"]
    assert [trial.cell for trial in expand(read(HEAD + text + tiers, "all"), find)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("grid: {batch: [16, '16']}\n", "grid.batch[1]: 16 is listed twice"),
        ("grid: {data.mirror: [true, 'yes']}\n", "grid.data.mirror[1]: True is listed twice"),
        ("when: [{if: {augment: ada}, grid: {batch: [16, 16.0]}}]\n", "when[0].grid.batch[1]: 16.0 is listed twice"),
        ("zip: {batch: [16, '16'], augment: [ada, ada]}\n", "zip.batch[1]: the same values are listed twice"),
    ],
)
def test_a_value_that_an_axis_has_twice_is_refused_however_it_is_written(read: Read, text: str, place: str) -> None:
    with pytest.raises(SweepError) as caught:
        read(HEAD + text)
    assert place in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_zip_may_repeat_a_value_of_one_axis(read: Read) -> None:
    assert len(expand(read(HEAD + "zip: {batch: [16, 16], data.subset: [20, 40]}\n"), find)) == 2


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("grid: {batch: ['16', '32']}\nexclude: [{batch: 32}]\n", ["batch=16"]),
        ("grid: {batch: [16, 32]}\nexclude: [{batch: '32'}]\n", ["batch=16"]),
        ("grid: {data.mirror: [yes, no]}\nexclude: [{data.mirror: true}]\n", ["data.mirror=False"]),
        ("grid: {data.mirror: [true, false]}\nexclude: [{data.mirror: [yes]}]\n", ["data.mirror=False"]),
        ("grid: {objective.r1_gamma: ['1e-1', 2]}\nexclude: [{objective.r1_gamma: 0.1}]\n", ["objective.r1_gamma=2"]),
    ],
)
def test_conditions_and_settings_are_read_in_the_same_way(read: Read, text: str, cells: list[str]) -> None:
    assert [trial.cell for trial in expand(read(HEAD + text), find)] == cells


@pytest.mark.parametrize(
    ("axis", "condition", "cells"),
    [
        ("augment: [none, ada, pagan]", "augment.target: 0.6", ["augment=none", "augment=pagan"]),
        ("augment: [none, ada, pagan]", "augment.target: 0.95", ["augment=none", "augment=ada"]),
        ("augment: [none, ada, diffaugment]", "augment.pipe: bgc", ["augment=none", "augment=diffaugment"]),
        ("objective: [logistic, hinge]", "objective.path_length_weight: 0", ["objective=logistic"]),
        ("objective: [logistic, wgan-gp]", "objective.penalty_weight: 10", ["objective=logistic"]),
    ],
)
def test_a_setting_that_is_not_given_is_that_of_the_choice_of_its_cell(
    read: Read, axis: str, condition: str, cells: list[str]
) -> None:
    found = expand(read(HEAD + f"grid: {{{axis}}}\nexclude: [{{{condition}}}]\n"), find)
    assert [trial.cell for trial in found] == cells


def test_a_subset_that_is_not_given_is_the_whole_set(read: Read) -> None:
    cells = "cells: {whole: {}, held: {data.validation: 10}, few: {data.subset: 20}}\n"
    for condition, left in (("60", ["held", "few"]), ("[50, 70]", ["whole", "few"]), ("[20, 70]", ["whole", "held"])):
        found = expand(read(HEAD + cells + f"exclude: [{{data.subset: {condition}}}]\n"), find)
        assert [trial.cell for trial in found] == left
    derived = expand(read(HEAD + cells + "derive: {objective.r1_gamma: data.subset / 10}\n"), find)
    assert [trial.config.objective.model_dump()["r1_gamma"] for trial in derived] == [6, 5, 2]


def test_expressions_see_the_defaults_of_the_choice_of_their_cell(read: Read) -> None:
    text = "grid: {augment: [ada, pagan]}\nderive: {augment.p_initial: augment.target / 2}\n"
    assert [trial.config.augment.model_dump()["p_initial"] for trial in expand(read(HEAD + text), find)] == [0.3, 0.475]
    assert "`augment.target` is None, not a number" in _never(read, text.replace("pagan", "none"))


def test_a_condition_may_be_about_the_values_of_a_tier(read: Read) -> None:
    text = "grid: {data.subset: [20, 40]}\nwhen: [{if: {data.subset: 60}, set: {batch: 32}}]\n"
    text = HEAD + text + "tiers: {paper: {grid: {data.subset: [60]}}, few: {grid: {data.subset: [20]}}}\n"
    assert len(expand(read(text), find)) == 2
    assert [trial.config.batch for trial in expand(read(text, "paper"), find)] == [32]
    assert len(expand(read(text, "few"), find)) == 1


def test_a_condition_in_a_search_space_that_can_match_nothing_is_refused(read: Read) -> None:
    space = "augment: {choice: [none, ada]}, augment.target: {uniform: [0.4, 0.8], when: {augment: adaa}}"
    with pytest.raises(SweepError, match=r"search\.space\.augment\.target\.when\.augment: no cell has 'adaa'"):
        typical_trials(read(HEAD + f"search: {{trials: 2, space: {{{space}}}}}\n"), find)


@pytest.mark.parametrize(
    ("key", "given", "value"),
    [
        ("batch", "32", 32),
        ("batch", "many", "many"),
        ("data.mirror", "yes", True),
        ("augment", "ada", "ada"),
        ("augment", {"type": "fixed", "p": "0.3"}, {"type": "fixed", "p": 0.3}),
        ("objective.r1_gamma", 1, 1),
        ("data", "32", "32"),
        ("no.such.key", "1", "1"),
    ],
)
def test_text_becomes_what_the_setting_is(key: str, given: object, value: object) -> None:
    assert coerced(key, given) == value
    assert type(coerced(key, given)) is type(value)


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("lecam", [[], ["lecam", "bcr"]]),
        ("[lecam]", [[], ["lecam", "bcr"]]),
        ("[[lecam]]", [[], ["lecam", "bcr"]]),
        ("[[bcr, lecam]]", [[], "lecam"]),
        ("[[]]", ["lecam", ["lecam", "bcr"]]),
        ("[lecam, [lecam, bcr]]", [[]]),
    ],
)
def test_lists_of_a_condition_are_compared_however_they_are_spelled(
    read: Read, wanted: str, kept: list[object]
) -> None:
    text = f"{HEAD}grid: {{methods: [[], lecam, [lecam, bcr]]}}\nexclude: [{{methods: {wanted}}}]\n"
    assert [trial.settings["methods"] for trial in expand(read(text), find)] == kept


def test_a_list_that_may_be_any_of_its_values_or_all_of_them_is_refused(read: Read) -> None:
    for values in ("[lecam, bcr, [lecam, bcr]]", "[[bcr, lecam]]"):
        text = f"grid: {{methods: {values}}}\nexclude: [{{methods: [lecam, bcr]}}]\n"
        assert "exclude[0].methods: means any of 'lecam', 'bcr'; for the list of all of them, write [[" in _never(
            read, text
        )
