"""`plan` is the gate: every kind of mistake is found in one pass, one line for each; `run` says the same."""

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
