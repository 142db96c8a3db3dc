from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep, read_sweep
from tests.support.tiny_sweep import find

Read = Callable[..., Sweep]
Write = Callable[[str], Path]

BASE = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n"


def problems(path: Path, tier: str = "") -> list[str]:
    with pytest.raises(SweepError) as error:
        expand(read_sweep(path, tier), find)
    return [line.removeprefix(f"{path}:") for line in str(error.value).splitlines()]


def test_all_mistakes_of_form_are_reported_at_once(sweep_file: Write) -> None:
    text = "sweep: s\nhorizon_kimg: -1\nwatch:\n  tick_kmg: 1\n  ops: natve\nresorces: {}\nmetrics: [fdi2k]\n"
    assert problems(sweep_file(text)) == [
        "2: horizon_kimg: Input should be greater than 0, not -1",
        "7: metrics[0]: no metric is called 'fdi2k'; did you mean fid2k?",
        "5: watch.ops: 'natve' is not one of: auto, native, reference; did you mean 'native'?",
        "4: watch.tick_kmg: is not a key; did you mean 'tick_kimg'?",
        "6: resorces: is not a key; did you mean 'resources'?",
    ]


def test_a_stop_rule_without_a_type_is_told_which_there_are(sweep_file: Write) -> None:
    needs = "needs a `type`, one of: median, asha, diverged"
    text = BASE + "stop:\n- {rule: asha, first_kimg: 1}\n- {median: {}}\n- {}\n"
    assert problems(sweep_file(text)) == [f"{5 + index}: stop[{index}]: {needs}" for index in range(3)]
    assert problems(sweep_file(BASE + "stop: {first_kimg: 1}\n")) == [f"4: stop: {needs}"]


def test_a_dimension_of_two_kinds_is_told_that_one_is_needed(sweep_file: Write) -> None:
    space = (
        "search:\n  trials: 2\n  space:\n    batch: {int: [8, 16], choice: [8]}\n    augment: {choice: [ada], by: 1}\n"
    )
    assert problems(sweep_file(BASE + space)) == [
        "7: search.space.batch: needs one of uniform: [A, B], log_uniform: [A, B], int: [A, B], choice: [...]",
        "8: search.space.augment.by: is not a key",
    ]


@pytest.mark.parametrize("name", ["50% é", "a/b", " ", ".."])
def test_a_name_that_cannot_be_used_says_which_can(sweep_file: Callable[[str], Path], name: str) -> None:
    text = f"sweep: '{name}'\nbase: {{preset: tiny32, data: tiny}}\nhorizon_kimg: 1\ncells: {{'{name}': {{}}}}\n"
    allowed = f"must be 1 to 64 lower-case letters, digits, - or _, not {name!r}"
    assert problems(sweep_file(text)) == [f"1: sweep: {allowed}", f"4: cells.{name}: {allowed}"]


def test_unknown_settings_are_reported_with_their_likely_meaning(sweep_file: Write) -> None:
    text = "sweep: s\nbase:\n  preset: tiny32\n  data: tiny\n  r1_gamma: 3\n  seed: 1\n  data.images: 5\n"
    text += "grid:\n  data.subst: [5]\nhorizon_kimg: 1\n"
    assert problems(sweep_file(text)) == [
        "5: base.r1_gamma: is not a setting; did you mean 'objective.r1_gamma'?",
        "6: base.seed: belongs under `seeds`",
        "7: base.data.images: is read from the data set",
        "9: grid.data.subst: is not a setting; did you mean 'data.subset'?",
    ]


def test_keys_within_a_group_are_checked_too(sweep_file: Write) -> None:
    text = BASE + "grid:\n  augment:\n  - none\n  - {type: ada, taget: 0.5}\n"
    assert problems(sweep_file(text)) == ["7: grid.augment[1].taget: is not a setting; did you mean 'augment.target'?"]


def test_a_wrong_value_is_reported_at_the_line_of_its_axis(sweep_file: Write) -> None:
    text = (
        BASE + "grid:\n  augment: [none, adaa]\n  objective.r1_gamma:\n  - 1\n  - -1\n  generator.architecture: [skp]\n"
    )
    assert problems(sweep_file(text)) == [
        "9: grid.generator.architecture[0]: 'skp' is not one of: orig, skip, resnet; did you mean 'skip'?",
        "8: grid.objective.r1_gamma[1]: Input should be greater than or equal to 0, not -1",
        "5: grid.augment[1]: 'adaa' is not one of: none, fixed, ada, pagan, adaptive-dropout, diffaugment, dataset; "
        "did you mean 'ada'?",
    ]


def test_a_contradiction_is_reported_at_the_setting_it_names(sweep_file: Write) -> None:
    text = BASE + "grid:\n  micro_batch: [32]\n  batch:\n  - 32\n  - 30\n"
    assert problems(sweep_file(text)) == [
        "8: grid.batch[1]: batch 30 does not divide into micro-batches of 32 (cell micro_batch=32, batch=30)"
    ]


def test_a_setting_of_another_choice_is_reported_at_its_line(sweep_file: Write) -> None:
    text = BASE + "grid:\n  augment: [none]\n  augment.target: [0.5]\n"
    assert problems(sweep_file(text)) == [
        "6: grid.augment.target[0]: 'augment.target' is not a setting of augment: none "
        "(cell augment=none, augment.target=0.5)"
    ]


def test_an_unknown_preset_is_reported(sweep_file: Write) -> None:
    text = "sweep: s\nbase:\n  data: tiny\n  preset: tiny23\nhorizon_kimg: 1\n"
    assert problems(sweep_file(text)) == ["4: base.preset: no preset 'tiny23'; did you mean 'tiny32'?"]


def test_a_sweep_without_data_is_reported(sweep_file: Write) -> None:
    assert "has no data set" in problems(sweep_file("sweep: s\nbase: {preset: tiny32}\nhorizon_kimg: 1\n"))[0]


def test_a_file_included_twice_is_reported(sweep_file: Write, tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text("metrics: [fid50]\n")
    text = BASE.replace("sweep: s\n", "sweep: s\ninclude: [part.yaml, part.yaml]\n")
    assert "include[1]: 'part.yaml' is listed twice" in problems(sweep_file(text))[0]


def test_values_given_twice_are_reported(sweep_file: Write) -> None:
    reported = problems(sweep_file(BASE + "grid: {batch: [32, 32]}\nseeds: [1, 1]\n"))
    assert reported == ["4: grid.batch[1]: 32 is listed twice", "5: seeds[1]: 1 is listed twice"]


def test_a_product_beyond_reason_is_refused(sweep_file: Write) -> None:
    axes = "".join(f"  {key}: {list(range(1, 101))}\n" for key in ("objective.r1_gamma", "batch", "ema.half_life_kimg"))
    assert "makes up to 1,000,000 trials" in problems(sweep_file(BASE + "grid:\n" + axes))[0]


def test_a_mistake_in_any_tier_is_reported_at_the_tier(sweep_file: Write) -> None:
    text = BASE + "tiers:\n  smoke:\n    horizon_kimg: 0\n"
    assert problems(sweep_file(text)) == ["6: tiers.smoke.horizon_kimg: Input should be greater than 0, not 0"]


def test_a_wrong_value_in_the_chosen_tier_is_reported_at_the_tier(sweep_file: Write) -> None:
    text = BASE + "grid: {batch: [32]}\ntiers:\n  smoke:\n    grid: {batch: [33]}\n"
    assert problems(sweep_file(text), "smoke")[0].startswith("7: tiers.smoke.grid.batch[0]: batch 33 does not divide")


@pytest.mark.parametrize("key", ["sweep: other", "include: other.yaml", "tiers: {large: {seeds: 2}}"])
def test_a_key_of_the_whole_file_is_refused_in_a_tier(sweep_file: Write, key: str) -> None:
    told = f"5: tiers.smoke.{key.partition(':')[0]}: belongs to the whole file: a tier cannot have it"
    assert problems(sweep_file(BASE + f"tiers:\n  smoke: {{{key}}}\n"), "smoke") == [told]


def test_lists_of_zip_that_differ_in_length_are_reported_at_zip(sweep_file: Write) -> None:
    (told,) = problems(sweep_file(BASE + "zip: {batch: [20, 40], augment: [none]}\n"))
    assert told.startswith("4: zip: ")
    assert "batch 2, augment 1" in told


def test_an_unknown_tier_is_reported_with_those_there_are(sweep_file: Write) -> None:
    text = BASE + "tiers: {smoke: {}, mini: {}}\n"
    assert problems(sweep_file(text), "smok") == ["4: tiers: has no tier 'smok'; did you mean 'smoke'?"]
    assert problems(sweep_file(text), "huge") == ["4: tiers: has no tier 'huge'; it has smoke, mini"]


def test_a_tier_changes_parts_key_by_key(read: Read) -> None:
    text = BASE + "grid: {batch: [32, 64], augment: [none]}\nwatch: {tick_kimg: 2}\nseeds: 4\n"
    text += "tiers: {smoke: {grid: {batch: [32], augment: null}, watch: {sample_every_kimg: 1}, seeds: [7]}}\n"
    spec = read(text, "smoke").spec
    assert spec.grid == {"batch": [32]}
    assert (spec.watch.tick_kimg, spec.watch.sample_every_kimg) == (2, 1)
    assert spec.seed_values == [7]


def test_a_tier_has_a_place_of_its_own_in_the_store(read: Read) -> None:
    text = BASE + "tiers: {smoke: {}}\n"
    assert (read(text).key, read(text, "smoke").key) == ("s", "s-smoke")


def test_the_score_is_named_in_full(read: Read) -> None:
    assert read(BASE).spec.score_name == "fid2k-lite0"
    assert read(BASE + "metrics: [kid2k]\n").spec.score_name == "kid2k-lite0"
    assert read(BASE + "metrics: [pr2k]\nscore: pr2k_recall-lite0\n").spec.score_name == "pr2k_recall-lite0"
