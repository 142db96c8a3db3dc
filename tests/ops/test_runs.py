"""Runs with compiled operations resume bit for bit, and record which implementation they used."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.trials import TrialMaker
from trainer.__main__ import main
from trainer.attempt.run import read_attempt, run_attempt
from trainer.files import read_lines
from trainer.ops.build import place
from trainer.ops.kernels import Kernels
from trainer.record import RunDir, read_record
from trainer.runtime.signals import StopRequest
from trainer.state import checkpoint


def train(trials: TrialMaker, run: RunDir, *attempts: tuple[float, str]) -> dict[str, torch.Tensor]:
    for number, (horizon, ops) in enumerate(attempts, start=1):
        trials.job(run, number, horizon_kimg=horizon, ops=ops, tick_kimg=0.016, checkpoint_every_kimg=0.1)
        assert run_attempt(read_attempt(run.path, number), StopRequest()) == 0
    state = checkpoint.found(run.checkpoints)[0].load()
    assert state is not None
    return {name: tensor for name, tensor in state.items() if not name.startswith("sums/")}


SETTINGS = {"augment": {"type": "fixed", "p": 0.5, "pipe": "bgc"}}


@pytest.mark.usefixtures("native")
def test_native_run_resumed_is_bit_equal(trials: TrialMaker) -> None:
    calm, halved = trials.make("calm", **SETTINGS), trials.make("halved", **SETTINGS)
    expected = train(trials, calm, (0.048, "native"))
    got = train(trials, halved, (0.024, "native"), (0.048, "native"))
    assert [name for name in expected if not torch.equal(expected[name], got[name])] == []
    record = read_record(halved.record(2))
    assert record is not None
    assert record.ops == place.name("cpu")
    assert [row["event"] for row in read_lines(halved.events)] == ["start", "done", "resume", "done"]


@pytest.mark.usefixtures("native")
def test_a_change_of_implementation_is_an_event(trials: TrialMaker) -> None:
    run = trials.make("changed")
    train(trials, run, (0.016, "reference"), (0.032, "native"))
    changes = [row for row in read_lines(run.events) if row["event"] == "ops-changed"]
    assert [(row["before"], row["ops"]) for row in changes] == [("reference", place.name("cpu"))]


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("ops", ["reference", "native"])
def test_an_evaluation_uses_and_records_the_operations_of_its_job(trials: TrialMaker, ops: str) -> None:
    run = trials.make("evaluated")
    train(trials, run, (0.016, "reference"))
    trials.job(run, 2, horizon_kimg=0.016, ops=ops, metrics=("fid20_full",))
    job = json.loads(run.job(2).read_text())
    run.job(2).write_text(json.dumps(job | {"work": "evaluate"}))
    assert run_attempt(read_attempt(run.path, 2), StopRequest()) == 0
    record = read_record(run.record(2))
    assert record is not None
    assert record.ops == (place.name("cpu") if ops == "native" else "reference")


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("ops", ["auto", "reference"])
def test_a_benchmark_measures_the_operations_that_are_wanted(
    trials: TrialMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str], ops: str
) -> None:
    run = trials.make("measured")
    files = ["--config", str(run.trial), "--data", str(trials.data), "--cache", str(tmp_path)]
    assert main(["benchmark", *files, "--ops", ops]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["ops"] == (place.name("cpu") if ops == "auto" else "reference")
    assert measured["seconds_per_kimg"] > 0


def test_commands_on_snapshots_use_compiled_operations(
    native: Kernels, trials: TrialMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trials.make("measured-by-hand")
    train(trials, run, (0.016, "reference"))
    used: list[Kernels] = []
    finish = type(native).finish

    def counted(self: Kernels, *words: Any) -> Any:
        used.append(self)
        return finish(self, *words)

    monkeypatch.setattr(type(native), "finish", counted)
    snapshot = str(run.snapshots / "latest.safetensors")
    for words in (
        ["eval", snapshot, "--data", str(trials.data), "--cache", str(tmp_path), "--metrics", "fid20_full"],
        ["probe", "mean-image-8", snapshot, str(tmp_path / "mean.npz")],
    ):
        assert main(words) == 0
        assert used
        used.clear()


def test_a_run_without_the_build_it_asks_for_ends_with_a_user_error(
    trials: TrialMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADASWEEP_OPS", str(tmp_path / "nothing"))
    run = trials.make("missing")
    trials.job(run, 1, ops="native")
    assert run_attempt(read_attempt(run.path, 1), StopRequest()) == 2
    record = read_record(run.record(1))
    assert record is not None
    assert "adasweep ops build" in record.message or "no C++ compiler" in record.message


@pytest.mark.usefixtures("native")
def test_native_and_reference_train_alike(trials: TrialMaker) -> None:
    one = train(trials, trials.make("one", **SETTINGS), (0.008, "native"))
    other = train(trials, trials.make("other", **SETTINGS), (0.008, "reference"))
    for name in ("G/synthesis.b16.conv1.weight", "D/b16.conv0.weight"):
        assert torch.allclose(one[name], other[name], atol=1e-4)


@pytest.mark.usefixtures("native")
def test_a_standalone_run_uses_compiled_operations_unless_told_otherwise(trials: TrialMaker, tmp_path: Path) -> None:
    words = [
        "run",
        "--data",
        str(trials.data),
        "--kimg",
        "0.016",
        "--metrics",
        "",
        "--preset",
        "tiny32",
        "--set",
        "batch=8",
        "micro_batch=8",
    ]
    found = {}
    for name, more in (("usual", []), ("plain", ["--ops", "reference"])):
        assert main([*words, *more, "--out", str(tmp_path / name)]) == 0
        record = read_record(RunDir(tmp_path / name).record(1))
        found[name] = record and record.ops
    assert found == {"usual": place.name("cpu"), "plain": "reference"}
