"""Errors that are detectable before a job starts are reported by `plan` and `run`: all at once, one line each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.figures.catalog import FIGURES, WITHOUT_RUNS
from orchestrator.cli import main
from orchestrator.plan.cautions import cautions, saved_bytes
from orchestrator.plan.moments import inherited_rungs, moment_problems
from orchestrator.plan.preflight import runtime_problems
from orchestrator.store.layout import Store
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep, read_sweep
from tests.support.tiny_sweep import find
from trainer.config.figures import FIGURE_NAMES
from trainer.config.metrics.names import parse_metric
from trainer.config.metrics.sizes import doubtful, undefined
from trainer.config.networks.choice import Networks
from trainer.config.resolve import resolve

Read = Callable[..., Sweep]
Write = Callable[[str], Path]
Capture = pytest.CaptureFixture[str]
HEAD = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 0.1\n"
BY_RAY_TUNE = "search: {trials: 1, driver: ray_tune, space: {batch: {choice: [32]}}}\n"
CLAIM = "metrics: [fid50]\nhorizon_kimg: 10\ngrid: {augment: [none, ada]}\nclaims: ['ada < none"
MISTAKES = [
    ("figures: [fid_curvs, fid_curves]\n", ["figures[0]: no figure is called 'fid_curvs'; did you mean 'fid_curves'?"]),
    ("metrics: [fid50]\nscore: kid2k\n", ["score: kid2k is not measured; metrics: fid50, fid50-lite0"]),
    ("metrics: [kid50]\nscore: kid5O\n", ["score: kid5O is not measured", "did you mean 'kid50'?"]),
    ("metrics: [is50]\nscore: is50_std\n", ["score: is50_std is not measured"]),
    (
        "metrics: [swd20]\nscore: swd20_64\n",
        ["score: swd20_64 is not measured for images of 32 pixels; measured: swd20_32"],
    ),
    (
        "metrics: [fid50, swd20]\ngrid: {augment: [none, ada]}\nclaims: ['ada < none, by swd20_8']\n",
        ["claims[0]: swd20_8 is not measured for images of 32 pixels"],
    ),
    ("metrics: []\ngrid: {augment: [none, ada]}\nclaims: ['ada < none']\n", ["claims[0]: ", "needs a score"]),
    (
        "metrics: [fid50]\ngrid: {augment: [none, ada]}\nclaims: ['ada < none at 200 kimg']\n",
        ["claims[0]: ", "200 kimg is beyond the horizon of 0.1 kimg"],
    ),
    (
        "metrics: [pr50]\ngrid: {augment: [none, ada]}\nclaims: ['ada < none, by pr50_recal']\n",
        ["claims[0]: ", "pr50_recal is not measured; metrics: pr50"],
    ),
    (f"metrics: [fid50]\n{BY_RAY_TUNE}", ["search.driver: ray_tune needs a Ray cluster; add --backend ray"]),
    ("metrics: []\nsearch: {trials: 1, space: {batch: {choice: [32]}}}\n", ["search: needs a score"]),
    ("metrics: []\nstop: median\n", ["stop: needs a score"]),
    ("seeds: [4294967296]\n", ["seeds[0]: Input should be less than or equal to 4294967295"]),
    ("seeds: 1000000000\n", ["seeds: Input should be less than or equal to 10000"]),
    ("resources: {gpus: 1.5}\n", ["resources.gpus: must be a whole number of GPUs, or a share of one"]),
    ("resources: {gpus: 3}\n", ["resources: 3 GPUs cannot share the micro-batches of an iteration (1) evenly"]),
    (
        "base: {preset: biggan, data: tiny, batch: 8, micro_batch: 4, generator.statistics: batch,"
        " generator.attention: null, discriminator.attention: null}\nresources: {gpus: 1}\n",
        ["resources: 1 GPUs cannot share the micro-batches of an iteration (2) one each; use 2"],
    ),
    ("resources: {gpus: 1}\n", ["resources: needs 1 GPUs, this machine has 0"]),
    ("metrics: [fid50, is5]\n", ["metrics[1]: is5 is undefined"]),
    ("metrics: [pr3_full]\n", ["metrics[0]: pr3_full is undefined", "3 neighbours"]),
    ("metrics: [fid50_test]\n", ["metrics[0]: fid50_test cannot be measured", "there is no tiny-test.zip beside it"]),
    ("detector: inception:/nowhere/it.pt\n", ["detector: there is no file '/nowhere/it.pt'"]),
    ("metrics: [ppl50_wend]\ndistance: vgg16:/nowhere/it.pt\n", ["distance: there is no file '/nowhere/it.pt'"]),
    ("detector: inception:/proc/version\n", ["detector: '/proc/version' is not a TorchScript file"]),
    ("metrics: [fid50, kid50, fid50]\n", ["metrics[2]: 'fid50' is listed twice"]),
    ("figures: [fid_curves, fid_curves]\n", ["figures[1]: 'fid_curves' is listed twice"]),
    (
        "metrics: [fid50]\nstop: [diverged, {type: diverged, factor: 3}, {type: diverged, factor: 2.0}]\n",
        ["stop[2]: 'diverged' is listed twice"],
    ),
    ("grid: {batch: [16, 32]}\nexclude: [{batch: 32}, {batch: 32}]\n", ["exclude[1]: {'batch': 32} is listed twice"]),
    ("metrics: [FID50]\n", ["metrics[0]: no metric is called 'FID50'; did you mean fid50?"]),
    ("grid: {augment: [null]}\n", ["grid.augment[0]: None is not one of: none, ", "; did you mean 'none'?"]),
    ("grid: {augment: [ada, 5]}\n", ["grid.augment[1]: 5 is not one of: none, "]),
    ("grid: {generator: [null, stylegan2]}\n", ["grid.generator[0]: None is not one of: ", "stylegan2"]),
    ("grid: {generator.attention: [5]}\n", ["generator.attention"]),
    ("watch: 5\n", ["watch: must be a group of settings, not 5"]),
    ("grid: {augment: [none, {type: none}]}\n", ["grid.augment[1]: {'type': 'none'} is listed twice"]),
    (
        "metrics: [fid50]\nsearch: {trials: 2, space: {batch: {choice: [32, '32']}}}\n",
        ["search.space.batch.choice[1]: 32 is listed twice"],
    ),
    ("metrics: [fid50]\nscore: FID50\n", ["score: FID50 is not measured", "did you mean 'fid50'?"]),
    (
        "zip: {batch: [16, 32], micro_batch: [16]}\n",
        ["yaml:4: zip: lists of different lengths (batch 2, micro_batch 1)"],
    ),
    ("seeds: [0, true]\n", ["seeds[1]: Input should be a valid integer", "'true'"]),
    ("resources: {ram: 8}\n", ["resources.ram: is not a key; there are gpus, cpus, memory_gib, minutes"]),
    ("resources: {minutes: 24:00:00}\n", ["resources.minutes: must be a number of minutes; write 1440"]),
    ("resources: {minutes: 1-0}\n", ["resources.minutes: must be a number of minutes; write 1440"]),
    ("resources: {minutes: 1.5h}\n", ["resources.minutes: must be a number of minutes; write 90"]),
    ("resources: {memory_gib: 8G}\n", ["resources.memory_gib: must be a number of GiB; write 8"]),
    ("base: {preset: tiny32, data: tiny, resources.memory_gib: 512 MB}\n", ["must be a number of GiB; write 0.5"]),
    ("seeds:\n", ["yaml:4: seeds: has no value; give one, or leave the key out"]),
    ("include: 5\n", ["include: is read as 5, not as text; put it in quotes"]),
    ("grid: {augment: [none, ada]}\nwhen: [{if: {augment: ada}}]\n", ["when[0]: changes nothing; add `set:"]),
    ("question: 'a \x1b[31mb'\n", ["yaml:4: YAML: unacceptable character U+001B; remove it"]),
    ('question: "half a \\ud83d smile"\n', ["yaml:4: YAML: half a character (a lone surrogate); remove it"]),
    ("5: x\n", ["yaml:4: 5: is not text; put it in quotes: '5'"]),
    ("null: x\n", ["yaml:4: null: is not text; put it in quotes: 'null'"]),
    ("cells: {1: {augment: ada}}\n", ["yaml:4: cells.1: is not text; put it in quotes: '1'"]),
    ("grid: {batch: [16], true: [1]}\n", ["yaml:4: grid.true: is not text; put it in quotes: 'true'"]),
    ("base: {preset: tiny32, data: TINY}\n", ["TINY: no data set of this name in", "did you mean tiny?"]),
    (
        "base: {preset: tiny32, data: store}\n",
        ["store: no data set of this name in", "; for the one beside ", "store/"],
    ),
    ("seeds: true\n", ["seeds: Input should be a valid integer", "'true'"]),
    ("horizon_kimg: true\n", ["horizon_kimg: Input should be a valid number", "'true'"]),
    ("grid: {objective.r1_gamma: [1, true]}\n", ["grid.objective.r1_gamma[1]: Input should be a valid number"]),
    ("resources: {cpus: false}\n", ["resources.cpus: 'false' is not one of: auto"]),
    ("grid: {batch: [16, 32]}\nexclude: [{batch: []}]\n", ["exclude[0].batch: an empty list matches no cell"]),
    (
        "grid: {batch: [16, 32]}\nwhen: [{if: {batch: []}, set: {objective.r1_gamma: 3}}]\n",
        ["when[0].if.batch: an empty list matches no cell"],
    ),
    ("detector: lite\n", ["detector: no detector is called 'lite'", "did you mean lite0?"]),
    ("probes: [jacobain]\n", ["probes[0]: ", "jacobian"]),
    ("base: {preset: tiny32, data: tiny, data.validation: 60}\n", ["base.data.validation: ", "than the 60 images"]),
    ("base: {preset: tiny32, data: tiny, data.validation: 159}\n", ["base.data.validation: ", "than the 60 images"]),
    ("budget: {cpu_hours: 1.0e-9}\n", ["over the budget of 1e-09"]),
    (
        f"{CLAIM} at 5 kimg']\n",
        ["claims[0]: ", "nothing is evaluated at 5 kimg", "did you mean 4 kimg?", "cells augment=ada; augment=none"],
    ),
    (f"{CLAIM} at 9.9 kimg']\n", ["claims[0]: ", "nothing is evaluated at 9.9 kimg", "did you mean 10 kimg?"]),
    (
        f"{CLAIM} at 4 kimg']\nbase: {{preset: tiny32, data: tiny, batch: 48}}\n",
        ["claims[0]: ", "did you mean 4.032 kimg?"],
    ),
    (
        "metrics: [fid50]\nhorizon_kimg: 20\nstop: {type: asha, first_kimg: 5, factor: 3}\n",
        ["stop", "asha has no scores at 5 kimg", "did you mean a rung at 4 kimg?"],
    ),
    (
        "metrics: [fid50]\nstop: {type: asha, first_kimg: 0.05}\n",
        ["stop", "asha has no scores at 0.05 kimg", "set watch.evaluate_every_kimg to 0.05"],
    ),
    (
        f"{CLAIM} at 0.05 kimg']\n".replace("10", "0.1"),
        ["claims[0]: ", "nothing is evaluated at 0.05 kimg", "did you mean by last?"],
    ),
]


@pytest.fixture(autouse=True)
def _elsewhere_without_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setattr("orchestrator.backends.queue.gpu_count", lambda: 0)


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_what_would_fail_later_is_refused_before_anything_is_made(
    store: Store, sweep_file: Write, capsys: Capture, command: str, text: str, message: list[str]
) -> None:
    head = "".join(line for line in HEAD.splitlines(keepends=True) if f"\n{line.partition(':')[0]}:" not in f"\n{text}")
    assert main([command, str(sweep_file(head + text)), "--store", str(store.root)]) == 2
    error = capsys.readouterr().err
    assert all(part in error for part in message)
    assert len(error.splitlines()) == 1
    assert not (store.root / "trials").exists()
    assert not (store.root / "sweeps").exists()


def test_all_mistakes_are_reported_at_once_each_in_a_line(store: Store, sweep_file: Write, capsys: Capture) -> None:
    text = """\
sweep: many
metrics: [fid50, kid50]
horizon_kimg: -1
base: {preset: tiny32, data: tiny, btach: 32, augment: adaa}
grid: {batch: [16, x], objective.r1_gamma: [-1, 1, 2, 3, 4, 5]}
seeds: [5, -1]
figures: [fid_curvs]
claims: ["a < < b"]
"""
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    lines = capsys.readouterr().err.splitlines()
    keys = ["seeds[1]", "horizon_kimg", "base.btach", "claims[0]", "figures[0]", "grid.objective.r1_gamma[0]"]
    assert sorted(line.split(": ")[3] for line in lines) == sorted([*keys, "base.augment", "grid.batch[1]"])


def test_a_mistake_of_many_cells_is_one_line_with_the_cells(store: Store, sweep_file: Write, capsys: Capture) -> None:
    text = HEAD + "grid: {objective.r1_gamma: [1, 2, 3, 4, 5]}\nresources: {gpus: 3}\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "(cells objective.r1_gamma=1; objective.r1_gamma=2; objective.r1_gamma=3 and 2 more)" in error


def write_snapshot(path: Path, networks: Networks) -> None:
    """Write the header of a snapshot of these networks."""
    header = json.dumps({"__metadata__": {"networks": networks.model_dump_json()}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, ""),
        ({"resolution": 16}, "start.safetensors does not fit: resolution 16 there and 32 here"),
        ({"channels": 3}, "channels 3 there and 1 here"),
        ({"condition_dim": 10}, "classes 10 there and 0 here"),
        (None, "is not a snapshot of this project"),
    ],
)
def test_a_snapshot_that_does_not_fit_is_refused(
    store: Store, sweep_file: Write, capsys: Capture, tmp_path: Path, change: dict[str, Any] | None, message: str
) -> None:
    snapshot = tmp_path / "start.safetensors"
    if change is None:
        snapshot.write_bytes(b"\xff" * 64)
    else:
        write_snapshot(snapshot, resolve({"preset": "tiny32"}, find("").description).networks.model_copy(update=change))
    text = HEAD.replace("data: tiny}", "data: tiny, transfer: start.safetensors}")
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == (2 if message else 0)
    assert message in capsys.readouterr().err


def test_a_snapshot_of_other_widths_is_refused(
    store: Store, sweep_file: Write, capsys: Capture, tmp_path: Path
) -> None:
    write_snapshot(tmp_path / "start.safetensors", resolve({"preset": "tiny32"}, find("").description).networks)
    text = HEAD.replace("data: tiny}", "data: tiny, transfer: start.safetensors, discriminator.channel_max: 8}")
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    error = capsys.readouterr().err
    assert "start.safetensors does not fit: discriminator.widths [" in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("claim", "hint"),
    [
        ("adaa < baseline", "did you mean 'ada'?"),
        ("ada < basline at subset=20", "did you mean 'baseline'?"),
        ("ada < baseline at subst=20", "did you mean 'data.subset'?"),
        ("ada < baseline at subset=20, by fidd50", "fidd50"),
    ],
)
def test_a_claim_of_an_unknown_cell_names_the_nearest(
    store: Store, sweep_file: Write, capsys: Capture, claim: str, hint: str
) -> None:
    axes = "grid: {data.subset: [10, 20], augment: [none, ada]}\nmetrics: [fid50]\n"
    assert main(["plan", str(sweep_file(f'{HEAD}{axes}claims: ["{claim}"]\n')), "--store", str(store.root)]) == 2
    error = capsys.readouterr().err
    assert hint in error
    assert len(error.splitlines()) == 1


def test_figures_have_the_names_that_sweeps_may_use() -> None:
    assert set(FIGURE_NAMES) == {*FIGURES, *WITHOUT_RUNS}


@pytest.mark.parametrize(
    ("name", "images", "is_undefined", "is_doubtful"),
    [
        ("is9", 100, True, False),
        ("is10", 100, False, False),
        ("pr50k_full", 3, True, False),
        ("pr50k_full", 4, False, False),
        ("kid2", 1, True, True),
        ("kid2k", 5000, False, False),
        ("kid200", 5000, False, True),
        ("fid200", 60, False, True),
        ("fid50k_full", 70_000, False, False),
        ("fid50k_full", 100, False, True),
        ("swd20", 5, False, True),
    ],
)
def test_metrics_know_how_many_images_they_need(name: str, images: int, is_undefined: bool, is_doubtful: bool) -> None:
    metric = parse_metric(name)
    assert (undefined(metric, images) != "", doubtful(metric, images, "lite0") != "") == (is_undefined, is_doubtful)


def test_a_plan_names_cells_that_became_the_same_trials(read: Read, tmp_path: Path) -> None:
    cells = "cells: {a: {batch: 16}, b: {batch: 32}}\ngrid: {augment: [none, ada]}\nseeds: [0, 1]\n"
    when = "when: [{if: {augment: none}, set: {batch: 64}}]\n"
    for text, told in (
        ("", []),
        (when, ["'a, augment=none' has the same settings as 'b, augment=none': they share their trials"]),
    ):
        sweep = read(HEAD + cells + text)
        assert [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if "share" in line] == told


IDLE = [
    ("data.subset_seed: [1, 2]", "", "data.subset_seed changes nothing: all images are used"),
    ("data.subset_seed: [1, 2]", "data.subset: 50", ""),
    ("ema.half_life_kimg: [5, 10]", "ema.beta: 0.99", "ema.half_life_kimg changes nothing: ema.beta is given"),
    ("ema.half_life_kimg: [5, 10]", "", ""),
    (
        "objective.path_length_decay: [0.01, 0.05]",
        "objective.path_length_weight: 0",
        "objective.path_length_decay changes nothing: objective.path_length_weight is 0",
    ),
    ("augment.pipe: [bg, bgc]", "augment: fixed, augment.p: 0", "augment.pipe changes nothing: augment.p is 0"),
    ("augment.pipe: [bg, bgc]", "augment: fixed, augment.p: 0.1", ""),
    (
        "generator.precision.top_resolutions: [0, 2]",
        "",
        "generator.precision.top_resolutions changes nothing: generator.precision.dtype is fp32",
    ),
    ("discriminator.mapping_layers: [1, 8]", "", "discriminator.mapping_layers changes nothing: the network is uncond"),
]


@pytest.mark.parametrize(("axis", "base", "told"), IDLE)
def test_a_plan_names_cells_that_train_alike(read: Read, tmp_path: Path, axis: str, base: str, told: str) -> None:
    head = HEAD.replace("data: tiny}", f"data: tiny, {base}}}" if base else "data: tiny}")
    sweep = read(f"{head}grid: {{{axis}, batch: [16, 32]}}\nseeds: 2\n")
    found = [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if "trains like" in line]
    assert len(found) == (2 if told else 0)
    assert all(told in line for line in found)


@pytest.mark.parametrize(("trials", "told"), [(10, 1), (11, 0)])
def test_a_plan_warns_of_a_search_that_only_draws_at_random(read: Read, tmp_path: Path, trials: int, told: int) -> None:
    search = f"search: {{trials: {trials}, space: {{objective.r1_gamma: {{uniform: [0.1, 1]}}}}}}\n"
    sweep = read(HEAD + search)
    found = [line for line in cautions(sweep.spec, [], [], tmp_path) if "drawn at random, none by tpe" in line]
    assert len(found) == told


@pytest.mark.parametrize(("runs", "told"), [(2, 1), (3, 0)])
def test_a_plan_warns_of_asha_with_fewer_runs_than_its_factor(read: Read, tmp_path: Path, runs: int, told: int) -> None:
    sweep = read(
        f"{HEAD}horizon_kimg: 8\nstop: {{type: asha, first_kimg: 4}}\nseeds: {runs}\n".replace(
            "horizon_kimg: 0.1\n", ""
        )
    )
    found = [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if "asha never applies" in line]
    assert len(found) == told


CONTRARY = [
    ("'ada < none', 'none < ada, p<0.01'", 1),
    ("'ada < none', 'ada > none by fid50-lite0'", 1),
    ("'ada < none', 'none < ada by kid50'", 0),
    ("'ada < none', 'none < ada by last'", 0),
    ("'ada < none', 'control: none < ada'", 0),
    ("'control: ada < none', 'control: none < ada'", 0),
    ("'ada < none', 'ada < none, n>=5'", 0),
]


@pytest.mark.parametrize(("claims", "told"), CONTRARY)
def test_a_plan_warns_of_claims_of_which_one_must_fail(read: Read, tmp_path: Path, claims: str, told: int) -> None:
    sweep = read(f"{HEAD}metrics: [fid50, kid50]\ngrid: {{augment: [none, ada]}}\nclaims: [{claims}]\n")
    found = [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if "the opposite of" in line]
    assert len(found) == told
    assert all(line.startswith('claims "ada < none" and "') for line in found)


TWICE = [
    (
        "'ada < none', 'none > ada', 'ada  <  none by fid50-lite0, p<0.01'",
        ["none > ada", "ada  <  none by fid50-lite0, p<0.01"],
    ),
    ("'control: ada < none', 'control: none < ada by best'", ["control: none < ada by best"]),
    ("'ada < none', 'ada < none by kid50', 'ada < none by last', 'ada < none, 0.08 kimg'", []),
]


@pytest.mark.parametrize(("claims", "told"), TWICE)
def test_a_plan_warns_of_a_claim_that_is_tested_twice(read: Read, tmp_path: Path, claims: str, told: list[str]) -> None:
    sweep = read(f"{HEAD}metrics: [fid50, kid50]\ngrid: {{augment: [none, ada]}}\nclaims: [{claims}]\n")
    found = [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if "leave one out" in line]
    first = sweep.spec.claims[0]
    words = 'claims "{}" and "{}" test the same difference; leave one out'
    assert found == [words.format(first, one) for one in told]


@pytest.mark.parametrize("claims", ["'ada < none', 'control: none < ada'", "'control: none < ada', 'ada < none'"])
def test_a_plan_warns_of_a_control_that_contradicts_a_claim(read: Read, tmp_path: Path, claims: str) -> None:
    sweep = read(f"{HEAD}metrics: [fid50]\ngrid: {{augment: [none, ada]}}\nclaims: [{claims}]\n")
    first, second = sweep.spec.claims
    assert f'claims "{first}" and "{second}" contradict each other: a control expects no difference' in cautions(
        sweep.spec, expand(sweep, find), [], tmp_path
    )


@pytest.mark.parametrize(
    ("metrics", "told"), [("fid1000, fid1k", 1), ("pr50k3, kid50, pr50k", 1), ("fid1k, fid1k_full, kid1k", 0)]
)
def test_a_plan_warns_of_a_metric_with_two_names(read: Read, tmp_path: Path, metrics: str, told: int) -> None:
    sweep = read(f"{HEAD}metrics: [{metrics}]\n")
    found = [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if "one metric" in line]
    assert len(found) == told
    assert all(line.startswith(metrics.partition(",")[0]) for line in found)


def test_a_plan_says_where_statistics_are_of_a_part_of_the_batch(read: Read, tmp_path: Path) -> None:
    head = HEAD.replace("tiny32", "biggan-unconditional")
    (found,) = [line for line in cautions(read(head).spec, expand(read(head), find), [], tmp_path) if "takes" in line]
    assert found == (
        "batch normalisation takes the statistics of 10 of 20 images; set micro_batch: 20 for those of the whole batch"
    )
    whole = read(head.replace("data: tiny", "data: tiny, micro_batch: 20"))
    assert not [line for line in cautions(whole.spec, expand(whole, find), [], tmp_path) if "takes" in line]


def test_a_plan_warns_of_doubtful_metrics_and_of_presets_for_other_images(read: Read, tmp_path: Path) -> None:
    sweep = read(HEAD.replace("tiny32", "paper256") + "metrics: [fid50]\n")
    found = cautions(sweep.spec, expand(sweep, find), [], tmp_path)
    assert found == [
        "fid50 is unreliable: 50 generated against 50 real are fewer than the 1,280 features of lite0",
        "preset paper256 was made for images of 256 pixels, not 32",
    ]


def test_a_plan_warns_of_a_precision_that_applies_to_no_convolution(read: Read, tmp_path: Path) -> None:
    for more, told in (("", 1), (", generator.precision.top_resolutions: 2", 0)):
        text = HEAD.replace("data: tiny", f"data: tiny, generator.precision.dtype: bf16{more}")
        found = [line for line in cautions(read(text).spec, expand(read(text), find), [], tmp_path) if "dtype" in line]
        assert len(found) == told
        assert all("set generator.precision.top_resolutions" in line for line in found)


def test_a_plan_warns_where_checkpoints_would_fill_the_disk(read: Read, tmp_path: Path) -> None:
    sweep = read(HEAD + "metrics: [kid2k]\nwatch: {checkpoints_kept: 1000000000}\n")
    trials = expand(sweep, find)
    assert saved_bytes(sweep.spec.watch, trials[0]) > 1e12
    assert any(
        "checkpoints and snapshots need about" in line for line in cautions(sweep.spec, [], trials, tmp_path / "x")
    )


def test_a_plan_beyond_its_budget_is_shown_and_refused(store: Store, sweep_file: Write, capsys: Capture) -> None:
    path = sweep_file(HEAD + "budget: {cpu_hours: 1.0e-9}\n")
    assert main(["plan", str(path), "--store", str(store.root)]) == 2
    shown = capsys.readouterr()
    assert "1 trial" in shown.out
    assert "over the budget" in shown.err


def test_a_plan_warns_where_run_would_refuse_to_record(
    store: Store, sweep_file: Write, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:///elsewhere")
    assert main(["plan", str(sweep_file(HEAD)), "--store", str(store.root)]) == 0
    assert "MLFLOW_TRACKING_URI" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("{type: median, others: 2}", "median never applies: it starts at or after the horizon of 0.1 kimg"),
        ("{type: median, from_kimg: 0}", "median never applies: it needs 3 other runs, and there are 3 runs in all"),
        ("{type: median, from_kimg: 0, others: 2}\nwatch: {evaluate_every_kimg: 0.05}", ""),
        (
            "{type: median, from_kimg: 0, others: 2}",
            "median never applies: evaluations run every 4 kimg (see `watch`), and the first after its start is at the "
            "horizon of 0.1 kimg",
        ),
        (
            "{type: diverged, from_kimg: 0.06}\nwatch: {evaluate_every_kimg: 0.05}",
            "diverged never applies: evaluations run every 0.05 kimg (see `watch`), and the first after its start is "
            "at the horizon of 0.1 kimg",
        ),
        ("asha", "asha never applies: it starts at or after the horizon of 0.1 kimg"),
        ("{type: diverged, from_kimg: 1}", "diverged never applies: it starts at or after the horizon of 0.1 kimg"),
        ("diverged\nwatch: {evaluate_every_kimg: 0.05}", ""),
        (
            "diverged\nwatch: {evaluation: later}",
            "stop rules never apply: nothing is measured during training (`evaluation: later`)",
        ),
    ],
)
def test_a_plan_warns_of_stop_rules_that_never_apply(read: Read, tmp_path: Path, rules: str, told: str) -> None:
    sweep = read(f"{HEAD}seeds: 3\nmetrics: [kid2k]\nstop: {rules}\n")
    found = [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if "never appl" in line]
    assert found == [told] * bool(told)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", []),
        ("seeds: 2\n", ["ray_tune supports one seed"]),
        ("when: [{if: {augment: ada}, grid: {data.subset: [10, 20]}}]\n", ["ray_tune supports one seed"]),
        (
            "stop: [{type: asha, first_kimg: 0.01}, {type: asha, first_kimg: 0.02}]\n",
            ["ray_tune supports only one stop rule"],
        ),
        ("stop: diverged\ngrid: {data.subset: [10, 20]}\n", ["supports one seed", "supports only one stop rule"]),
    ],
)
def test_what_ray_tune_does_not_support_is_rejected_by_preflight(read: Read, more: str, told: list[str]) -> None:
    sweep = read(HEAD + BY_RAY_TUNE + "metrics: [fid50]\n" + more)
    problems = runtime_problems(sweep, [], lambda _resources: "", "ray")
    assert len(problems) == len(told)
    assert all(words in str(problem) for words, problem in zip(told, problems, strict=True))


@pytest.mark.parametrize(
    ("first", "every", "unmet"),
    [(0.03, 0.05, "0.03, 0.09"), (0.03, 0.03, ""), (0.02, 0.06, "0.02"), (0.05, 0.051, "")],
)
def test_rungs_at_which_nothing_is_evaluated_are_an_error_or_if_inherited_a_warning(
    sweep_file: Write, tmp_path: Path, first: float, every: float, unmet: str
) -> None:
    head = f"{HEAD}stop: {{type: asha, first_kimg: {first}}}\nwatch: {{evaluate_every_kimg: {every}}}\n"
    file = sweep_file(f"{head}metrics: [fid50]\ntiers: {{small: {{seeds: [1]}}}}\n")
    whole, tier = read_sweep(file), read_sweep(file, "small")
    expected = [f"asha has no scores at {unmet}"] * bool(unmet)
    for texts in (
        [text for _, text in moment_problems(whole, [])],
        [problem.text for problem in inherited_rungs(tier)],
    ):
        assert [text.partition(" kimg: evaluations run")[0] for text in texts] == expected
    assert [*inherited_rungs(whole), *moment_problems(tier, [])] == []
    assert not [line for line in cautions(whole.spec, [], [], tmp_path) if "asha" in line]


def test_ray_tune_trains_no_sources_and_says_so(read: Read) -> None:
    chain = "cells: {b: {transfer: {cell: a}}, a: {augment: none}}\n"
    starting = expand(read(HEAD + chain), find)
    problems = runtime_problems(read(HEAD + BY_RAY_TUNE + "metrics: [fid50]\n"), starting, lambda _: "", "ray")
    assert [problem.text for problem in problems] == [
        "ray_tune does not train the sources of transfers; use driver: optuna"
    ]


def test_a_claim_stated_twice_is_refused(store: Store, sweep_file: Write, capsys: Capture) -> None:
    text = f"{HEAD}metrics: [fid50]\nseeds: 9\ngrid: {{augment: [none, ada]}}\nclaims: ['ada < none', 'ada < none']\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "claims[1]: 'ada < none' is listed twice" in line


@pytest.mark.parametrize(
    ("space", "there"),
    [
        ("batch: {choice: [16, 32]}, objective.r1_gamma: {choice: [1, 2, 3]}", 6),
        ("augment: {choice: [none, ada]}, augment.target: {choice: [0.5, 0.6], when: {augment: ada}}", 3),
        ("objective.r1_gamma: {uniform: [1, 2]}", 7),
    ],
)
def test_a_search_is_priced_for_the_configurations_that_there_are(
    store: Store, sweep_file: Write, capsys: Capture, space: str, there: int
) -> None:
    text = f"{HEAD}metrics: [fid50]\nsearch: {{trials: 7, space: {{{space}}}}}\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 0
    shown = capsys.readouterr().out
    assert f"{there} more runs yet to be sampled" in shown
    assert (f"the space has only {there} configurations; 7 are requested" in shown) == (there < 7)


def test_more_cpus_than_the_machine_has_are_reported(store: Store, sweep_file: Write, capsys: Capture) -> None:
    assert main(["plan", str(sweep_file(f"{HEAD}resources: {{cpus: 500}}\n")), "--store", str(store.root)]) == 0
    assert "500 CPUs are requested, this machine has" in capsys.readouterr().out


def test_more_memory_than_the_machine_has_is_reported(store: Store, sweep_file: Write, capsys: Capture) -> None:
    file = sweep_file(f"{HEAD}resources: {{memory_gib: 99999}}\n")
    assert main(["plan", str(file), "--store", str(store.root)]) == 0
    assert "99999 GiB are requested, this machine has" in capsys.readouterr().out


@pytest.mark.parametrize(("cpus", "told"), [(1, 1), (4, 0)])
def test_a_plan_tells_of_more_threads_than_cpus(read: Read, tmp_path: Path, cpus: int, told: int) -> None:
    sweep = read(f"{HEAD}watch: {{threads: 4}}\nresources: {{cpus: {cpus}}}\n")
    found = [line for line in cautions(sweep.spec, expand(sweep, find), [], tmp_path) if "threads" in line]
    assert len(found) == told
    assert all("watch.threads is 4, but resources.cpus is 1" in line for line in found)
