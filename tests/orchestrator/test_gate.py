"""`plan` is the gate: every kind of mistake is found in one pass, one line for each; `run` says the same."""

import json
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.store.layout import Store
from tests.orchestrator.test_preflight import write_snapshot
from tests.support.tiny_sweep import find
from trainer.config.resolve import resolve

Write = Callable[[str], Path]
Capture = pytest.CaptureFixture[str]
Disk = namedtuple("Disk", "total used free")

EVERY_KIND = """\
sweep: every_kind
base: {preset: tiny32, data: tiny}
cells:
  usual: {}
  misspelt: {augment: adaa}
  uneven: {resources.gpus: 3}
  lacking: {augment: none, resources.gpus: 1}
  alien: {transfer: start.safetensors}
  others: {preset: paper256, data: {source: tiny}}
metrics: [fid50, is5, swd20, kid20]
score: kid2O
detector: inception:/nowhere/it.pt
horizon_kimg: 10
seeds: [0, 4294967296]
stop: {type: asha, first_kimg: 5}
figures: [fid_curvs]
claims: [usual < lacking by swd20_8, usual < lackin, usual < lacking at 5 kimg, usual < < lacking]
budget: {cpu_hours: 1.0e-9, kwh: 1}
"""

MISTAKES = {
    "seeds[1]": "less than or equal to 4294967295",
    "figures[0]": "did you mean 'fid_curves'?",
    "score": "did you mean 'kid20'?",
    "claims[3]": "is not a claim",
    "cells.misspelt.augment": "did you mean 'ada'?",
    "cells.uneven.resources.gpus": "cannot share the micro-batches of an iteration (1) evenly; use 1 (cell uneven)",
    "claims[0]": "swd20_8 is not measured for images of 32 pixels",
    "claims[1]": "did you mean 'lacking'?",
    "claims[2]": "did you mean 4 kimg? (cells usual; lacking)",
    "stop[0]": "asha has no scores at 5 kimg",
    "metrics[1]": "is5 is undefined",
    "detector": "there is no file '/nowhere/it.pt'",
    "cells.lacking.resources.gpus": "needs 1 GPUs, this machine has 0; name a cluster with --backend (cell lacking)",
    "cells.alien.transfer": "start.safetensors does not fit: channels 3 there and 1 here (cell alien)",
    "budget.cpu_hours": "over the budget of 1e-09",
    "budget.kwh": "cannot be checked; add --watts",
}
WARNINGS = [
    "fid50 is unreliable: 50 generated",
    "preset paper256 was made for images of 256 pixels, not 32",
    "checkpoints and snapshots need about",
]


@pytest.fixture(autouse=True)
def _small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.backends.queue.gpu_count", lambda: 0)
    monkeypatch.setattr("orchestrator.plan.cautions.shutil.disk_usage", lambda _: Disk(1, 1, 0))


@pytest.mark.parametrize("command", ["plan", "run"])
def test_every_kind_of_mistake_is_found_in_one_pass(
    store: Store, sweep_file: Write, capsys: Capture, tmp_path: Path, command: str
) -> None:
    networks = resolve({"preset": "tiny32"}, find("").description).networks
    write_snapshot(tmp_path / "start.safetensors", networks.model_copy(update={"channels": 3}))
    assert main([command, str(sweep_file(EVERY_KIND)), "--store", str(store.root)]) == 2
    shown = capsys.readouterr()
    found = {line.split(": ")[3]: line for line in shown.err.splitlines()}
    assert found.keys() == MISTAKES.keys(), shown.err
    assert len(shown.err.splitlines()) == len(MISTAKES)
    assert {key for key, text in MISTAKES.items() if text not in found[key]} == set()
    if command == "plan":
        assert [text for text in WARNINGS if f"warning: {text}" not in shown.out] == []
    assert not (store.root / "sweeps").exists()


def test_a_cell_says_all_that_is_wrong_with_it(store: Store, sweep_file: Write, capsys: Capture) -> None:
    cell = "{preset: tiny3, data: nowhere, transfer: none.safetensors}"
    text = f"sweep: s\nhorizon_kimg: 1\ncells:\n  one: {cell}\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    keys = {line.split(": ")[3] for line in capsys.readouterr().err.splitlines()}
    assert keys == {"cells.one.preset", "cells.one.data", "cells.one.transfer"}


HIDING = {
    "an unknown data set": ("data", "data: nowhere"),
    "no data set": ("base", ""),
    "a data set that is no name": ("data", "data: 7"),
    "an unknown preset": ("preset", "data: {source: tiny}, preset: tiny3"),
    "a preset unlike any": ("preset", "data: tiny, preset: zzz"),
    "no devices": ("preset_devices", "data: tiny, preset_devices: 0"),
    "an unknown snapshot": ("transfer", "data: tiny, transfer: none.safetensors"),
    "an unknown source": ("transfer", "data: tiny, transfer: {cell: nobody, at: last}"),
    "a source without a cell": ("transfer", "data: tiny, transfer: {at: last}"),
}
WRONG = {
    "augment": "augment: adaa",
    "generator_optimizer.lr": "generator_optimizer.lr: -1",
    "data.subset": "data.subset: none",
    "ema.half_life": "ema: {half_life: 2}",
    "horizon_kimg": "horizon_kimg: 0",
    "resources.cpus": "resources.cpus: 0.5",
}


@pytest.mark.parametrize("hiding", HIDING)
def test_what_does_not_exist_hides_no_wrong_value_of_its_cell(
    store: Store, sweep_file: Write, capsys: Capture, hiding: str
) -> None:
    key, given = HIDING[hiding]
    settings = ", ".join(filter(None, [given, *WRONG.values()]))
    text = f"sweep: s\nhorizon_kimg: 1\ncells: {{one: {{{settings}}}}}\nclaims: [one < another at 1 kimg]\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    found = [line.split(": ")[3].removeprefix("cells.one.") for line in capsys.readouterr().err.splitlines()]
    assert sorted(found) == sorted([key, *WRONG, "claims[0]"])


def test_a_sweep_of_several_seeds_without_a_data_set_is_told_so(
    store: Store, sweep_file: Write, capsys: Capture
) -> None:
    text = "sweep: s\nhorizon_kimg: 1\nbase: {augment: none}\nseeds: 2\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "has no data set; add `data: NAME-OR-PATH`" in line


def test_what_a_data_set_decides_is_no_mistake_without_it(store: Store, sweep_file: Write, capsys: Capture) -> None:
    more = "labels: true, data.subset: 100000, data.mirror: true, discriminator.frozen_layers: 12, augment.pipe: bgc"
    text = (
        f"sweep: s\nhorizon_kimg: 1\nbase: {{data: {{source: nowhere}}, {more.replace('labels', 'data.labels', 1)}}}\n"
    )
    text += "derive: {objective.r1_gamma: 1 / data.classes}\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "base.data" in line


def test_a_cell_with_an_unknown_data_set_has_wrong_values_from_conditions(
    store: Store, sweep_file: Write, capsys: Capture
) -> None:
    text = (
        "sweep: s\nhorizon_kimg: 1\nbase: {preset: tiny32}\ngrid: {augment: [none, ada]}\n"
        "cells: {known: {data: tiny}, other: {data: nowhere}}\n"
        "when:\n- {if: {data: nowhere, augment: ada}, set: {augment.target: high, batch: -1}}\n"
    )
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    found = [line.split(": ")[3] for line in capsys.readouterr().err.splitlines()]
    assert found == ["cells.other.data", "when[0].set.augment.target", "when[0].set.batch"]


def test_a_wrong_value_hides_no_conflict_of_its_cell(store: Store, sweep_file: Write, capsys: Capture) -> None:
    cell = "{generator_optimizer.lr: -1, batch: 48, micro_batch: 32, data.subset: 100000}"
    text = f"sweep: s\nhorizon_kimg: 1\nbase: {{preset: tiny32, data: tiny}}\ncells:\n  one: {cell}\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    found = [line.split(": ")[3] for line in capsys.readouterr().err.splitlines()]
    assert found == ["cells.one.generator_optimizer.lr", "cells.one.batch", "cells.one.data.subset"]


def test_a_wrong_device_is_told_beside_a_wrong_share(store: Store, sweep_file: Write, capsys: Capture) -> None:
    text = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\ngrid: {resources.gpus: [1, 3]}\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    shares, devices = capsys.readouterr().err.splitlines()
    assert "grid.resources.gpus[1]: 3 GPUs cannot share" in shares
    assert "grid.resources.gpus: needs 1 GPUs" in devices


def test_no_price_is_told_of_a_sweep_whose_horizon_is_wrong(store: Store, sweep_file: Write, capsys: Capture) -> None:
    text = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: -1\nbudget: {cpu_hours: 1}\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "horizon_kimg" in line


OPTIONS = {
    "--horizon-kimg": ("-1", "-1 is not more than 0"),
    "--watts": ("nan", "nan is not a number from 0 on"),
    "--per-kwh": ("-2", "-2 is not a number from 0 on"),
    "--cpus": ("0", "0 is not at least 1"),
    "--per-gpu-hour": ("inf", "inf is not a number from 0 on"),
    "--backend": ("slum", "did you mean 'slurm'?"),
    "--tier": ("smal", "did you mean 'small'?"),
}
WRONG_CELL = "cells: {one: {augment: adaa}}\ntiers: {small: {cells: {one: {augment: none, batch: -1}}}}\n"


@pytest.mark.parametrize("option", OPTIONS)
def test_a_wrong_option_hides_no_mistake_of_the_sweep(
    store: Store, sweep_file: Write, capsys: Capture, option: str
) -> None:
    value, told = OPTIONS[option]
    file = sweep_file(f"sweep: s\nbase: {{preset: tiny32, data: tiny}}\nhorizon_kimg: 1\nfigures: [fid]\n{WRONG_CELL}")
    assert main(["plan", str(file), option, value, "--store", str(store.root)]) == 2
    lines = capsys.readouterr().err.splitlines()
    cell = "cells.one.batch" if option == "--tier" else "cells.one.augment"
    assert told in lines[0]
    assert sorted(line.split(": ")[3].partition("tiers.small.")[2] or line.split(": ")[3] for line in lines[1:]) == [
        cell,
        "figures[0]",
    ]


def test_every_wrong_option_is_told_at_once(store: Store, sweep_file: Write, capsys: Capture) -> None:
    file = sweep_file("sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\ntiers: {small: {seeds: 1}}\n")
    given = [word for option, (value, _) in OPTIONS.items() for word in (option, value)]
    assert main(["plan", str(file), *given, "--store", str(store.root)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(OPTIONS)
    assert all(any(told in line for line in lines) for _, told in OPTIONS.values())


def test_run_tells_all_that_is_wrong_with_a_detached_search(store: Store, sweep_file: Write, capsys: Capture) -> None:
    search = "search: {trials: 2, space: {batch: {choice: [32, -1]}}}\n"
    file = sweep_file(f"sweep: s\nbase: {{preset: tiny32, data: tiny}}\nhorizon_kimg: 1\nmetrics: [fid50]\n{search}")
    assert main(["run", str(file), "--detach", "--watts", "-1", "--store", str(store.root)]) == 2
    watts, detach, space = capsys.readouterr().err.splitlines()
    assert "--watts" in watts
    assert "a search must be watched" in detach
    assert "search.space.batch" in space


def test_metrics_tells_all_its_wrong_names_beside_the_mistakes_of_the_sweep(
    store: Store, sweep_file: Write, capsys: Capture
) -> None:
    file = sweep_file("sweep: s\nbase: {preset: tiny32, data: tiny, augment: adaa}\nhorizon_kimg: 1\n")
    names = ["--metrics", "fid50,fdi50,is5,kid", "--probes", "jacobien", "--detector", "lite9"]
    assert main(["metrics", str(file), *names, "--store", str(store.root)]) == 2
    told = [line.split(": ", 2)[2] for line in capsys.readouterr().err.splitlines()]
    assert [line.partition(":")[0] for line in told].count("command line") == 4
    assert "base.augment" in told[-1]


WEAK = 'claims: ["a < b, p<0.05"]\nseeds: 2\n'


def test_a_claim_that_can_never_pass_is_told_beside_other_mistakes(
    store: Store, sweep_file: Write, capsys: Capture
) -> None:
    base = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nmetrics: [fid50]\n"
    cells = "cells: {a: {augment: none}, b: {augment: ada}, c: {augment: adaa}}\n"
    for more, others in (("figures: [fid]\n", 2), ("watch: {evaluate_every_kimg: -1}\n", 2)):
        assert main(["plan", str(sweep_file(base + cells + WEAK + more)), "--store", str(store.root)]) == 2
        lines = capsys.readouterr().err.splitlines()
        (weak,) = [line for line in lines if "can never pass" in line]
        assert len(lines) == others + 1
        assert "more runs), or state" in weak, "not all cells can be priced"


def test_a_weak_claim_is_told_with_its_price_where_all_cells_have_one(
    store: Store, sweep_file: Write, capsys: Capture
) -> None:
    text = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nmetrics: [fid50]\nfigures: [fid]\n"
    file = sweep_file(text + "cells: {a: {augment: none}, b: {augment: ada}}\n" + WEAK)
    assert main(["plan", str(file), "--store", str(store.root)]) == 2
    figure, weak = capsys.readouterr().err.splitlines()
    assert "figures[0]" in figure
    assert "CPU-hours), or state" in weak


UNREAD = {
    "a claim": ("claims: [7, 'a < b, p<0.05', 'a < d']", "claims[0]"),
    "a seed": ("seeds: [0, -1]\nclaims: ['a < d', 'a < b, p<0.05']", "seeds[1]"),
    "a repeated seed": ("seeds: [-1, 0, 0]\nclaims: ['a < d', 'a < b, p<0.05, n>=2']", "seeds[0]"),
    "a metric": (
        "metrics: [kdi50, fid50]\nclaims: ['a < b, p<0.05', 'a < d by fid50', 'a < b by kid50']",
        "metrics[0]",
    ),
    "a metric of a control": (
        "metrics: [kdi50]\nclaims: [{control: a < b by kid50}, 'a < b, p<0.05', 'a < d']",
        "metrics[0]",
    ),
}


@pytest.mark.parametrize("unread", UNREAD)
def test_an_item_that_cannot_be_read_hides_no_other_mistake(
    store: Store, sweep_file: Write, capsys: Capture, unread: str
) -> None:
    more, key = UNREAD[unread]
    base = {"metrics": "metrics: [fid50]", "seeds": "seeds: 2"}
    head = "".join(f"{line}\n" for name, line in base.items() if f"{name}:" not in more)
    text = f"sweep: s\nbase: {{preset: tiny32, data: tiny}}\nhorizon_kimg: 1\n{head}{more}\n"
    cells = "cells: {a: {augment: none}, b: {augment: ada}}\nscore: fid50\n"
    assert main(["plan", str(sweep_file(text + cells)), "--store", str(store.root)]) == 2
    lines = capsys.readouterr().err.splitlines()
    found = {"unread": key, "misplaced": "matches none of a | b", "weak": "can never pass"}
    assert all(sum(part in line for line in lines) == 1 for part in found.values()), lines
    assert len(lines) == len(found) + (unread == "a repeated seed")


UNREAD_WHOLE = {
    "metrics of another type": ("seeds: 2\nmetrics: 7", "metrics: Input should be a valid list"),
    "one metric that is no list": ("seeds: 2\nmetrics: kid50", "write ['kid50']"),
    "metrics that are a mapping": ("seeds: 2\nmetrics: {kid50: 1}", "metrics: Input should be a valid list"),
    "sequential seeds without `until`": ("metrics: [kid50]\nseeds: {from: 3, to: 3}", "seeds.until: is missing"),
    "sequential seeds without `from`": ("metrics: [kid50]\nseeds: {to: 3, until: claims}", "seeds.from: is missing"),
}


@pytest.mark.parametrize("unread", UNREAD_WHOLE)
def test_metrics_or_seeds_that_cannot_be_read_hide_no_other_mistake(
    store: Store, sweep_file: Write, capsys: Capture, unread: str
) -> None:
    more, told = UNREAD_WHOLE[unread]
    claims = "claims: [a < d by kid50, 'a < b by kid50, p<0.001', a < b at 0.5 kimg]\nscore: kid50\n"
    published = "published:\n- {of: e, metric: kid50, value: 1, source: a paper}\n"
    text = f"sweep: s\nbase: {{preset: tiny32, data: tiny}}\nhorizon_kimg: 1\n{more}\n{claims}{published}"
    cells = "cells: {a: {augment: none}, b: {augment: ada}}\n"
    assert main(["plan", str(sweep_file(text + cells)), "--store", str(store.root)]) == 2
    shown = capsys.readouterr().err
    rest = [line for line in shown.splitlines() if ": seeds.from: " not in line or "is missing" in line]
    found = [told, '"d" matches none of a | b', "can never pass", "nothing is evaluated at 0.5 kimg", "published[0].of"]
    assert all(sum(part in line for line in rest) == 1 for part in found), shown
    assert len(rest) == len(found), shown


def test_a_horizon_that_is_wrong_leaves_claims_of_points_of_training_untold(
    store: Store, sweep_file: Write, capsys: Capture
) -> None:
    text = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: x\nmetrics: [fid50]\nseeds: 5\n"
    cells = "cells: {a: {augment: none}, b: {augment: ada}}\nclaims: [a < b at 0.5 kimg]\n"
    assert main(["plan", str(sweep_file(text + cells)), "--store", str(store.root)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "horizon_kimg" in line


ONE_MISTAKE = {
    "transfer: {trial: abc}": "base.transfer.trial",
    "transfer: {cel: a}": "base.transfer.cel",
    "transfer: {cell: a, at: lats}": "base.transfer.at",
    "transfer.trial: abc": "base.transfer.trial",
    "methods.lecam.weight: 1": "base.methods.lecam.weight",
    "methods.lecam: {weight: 1}": "base.methods.lecam",
    "methods: [{weight: 1}]": "base.methods",
    "generatr: {width: 1, depth: 2}": "base.generatr",
}


@pytest.mark.parametrize("setting", ONE_MISTAKE)
def test_one_mistake_is_told_in_one_line(store: Store, sweep_file: Write, capsys: Capture, setting: str) -> None:
    text = f"sweep: s\nbase: {{preset: tiny32, data: tiny, {setting}}}\nhorizon_kimg: 1\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.split(": ")[3] == ONE_MISTAKE[setting]


HEAD = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nmetrics: [fid50]\n"
CELLS = f"{HEAD}cells: {{plain: {{augment: none}}, ada: {{augment: ada}}}}\n"
SPACE = "{augment: {choice: [none, ada]}, objective.r1_gamma: {uniform: [1, 9]}}"
FOUND = f"{HEAD}search: {{trials: 3, space: {SPACE}}}\n"
VALUE = "metric: fid50, value: 1, source: a"
TOLD = {
    f"{CELLS}tiers: {{small: {{cells: {{adaa: null}}}}}}\n": [
        "tiers.small.cells.adaa: null removes a key, but cells has no adaa; did you mean 'ada'?"
    ],
    f"{CELLS}tiers: {{small: {{base: {{batch: null}}}}}}\n": [
        "tiers.small.base.batch: null removes a key, but base has no batch"
    ],
    f"{CELLS}published: [{{of: adda, {VALUE}}}, {{of: ada, {VALUE}, tolerance: x}}, {{of: ada, {VALUE}, x: 1}}]\n": [
        "published[0].of: ",
        "published[1].tolerance: ",
        "published[2].x: ",
    ],
    f"{HEAD}grid: {{seeds: [0, 1]}}\n": ["grid.seeds: belongs at the top level of the sweep, under `seeds`"],
    f"{HEAD}grid: {{objective.r1_gama: [0, 1]}}\n": ["grid.objective.r1_gama: is not a setting"],
    f"{CELLS}when: [{{if: {{augment: ada}}, set: {{watch.ops: native}}}}]\n": [
        "when[0].set.watch.ops: belongs at the top level of the sweep, under `watch`"
    ],
    f"{FOUND}seeds: 9\nclaims: [ada < none, adaa < none, ada < none at subset=4, ada & r1_gamma=3 < none]\n": [
        'claims[1]: "adaa < none": no cell is called "adaa", and none has such a value; did you mean \'ada\'?',
        'claims[2]: "ada < none at subset=4": "subset" is not an axis of the sweep',
    ],
    f"{FOUND}when: [{{if: {{augment: ada}}, set: {{resources.gpus: 1}}}}]\n": [
        "when[0].set.resources.gpus: needs 1 GPUs"
    ],
    f"{FOUND}published: [{{of: ada, {VALUE}}}, {{of: adaa, {VALUE}}}]\n": [
        'published[1].of: no cell is called "adaa"',
    ],
}


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ("[ada < none]", ['"ada" matches augment=ada', '"none" matches augment=none']),
        ("[ada & r1_gamma=1 < none & r1_gamma=1]", []),
    ],
)
def test_claims_that_match_several_configurations_of_a_search_are_told(
    store: Store, sweep_file: Write, capsys: Capture, claims: str, told: list[str]
) -> None:
    file = sweep_file(f"{FOUND}seeds: 9\nclaims: {claims}\n")
    assert main(["plan", str(file), "--store", str(store.root), "--json"]) == 0
    warnings = [line for line in json.loads(capsys.readouterr().out)["cautions"] if "is not tested if" in line]
    assert len(warnings) == len(told)
    assert all(part in line for part, line in zip(told, warnings, strict=True))


@pytest.mark.parametrize("text", TOLD)
def test_what_would_have_no_effect_is_told_in_one_line_each(
    store: Store, sweep_file: Write, capsys: Capture, text: str
) -> None:
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert all(sum(part in line for line in lines) == 1 for part in TOLD[text]), lines
    assert len(lines) == len(TOLD[text]), lines
