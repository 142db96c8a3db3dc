"""Failures that end a run early: one clear line, the exit code, and the record."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.trials import TrialMaker
from trainer.__main__ import main
from trainer.attempt.run import read_attempt, run_attempt
from trainer.errors import DataError
from trainer.files import Guard, read_lines, replace_file
from trainer.record import RunDir, RunRecord, State, read_record
from trainer.runtime.failures import BatchSplit, Failure, PeerLost, failure_of
from trainer.runtime.signals import StopRequest
from trainer.state import checkpoint
from trainer.training.loop import Loop

SHARDS = BatchSplit(8, 4)


def train(trials: TrialMaker, run: RunDir, number: int = 1, **options: Any) -> tuple[int, RunRecord]:
    trials.job(run, number, **{"horizon_kimg": 0.08, **options})
    code = run_attempt(read_attempt(run.path, number), StopRequest())
    record = read_record(run.record(number))
    assert record is not None
    assert record.exit_code == code
    return code, record


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (DataError("x.zip", "is empty"), Failure(2, "x.zip: is empty")),
        (
            torch.OutOfMemoryError("CUDA out of memory"),
            Failure(
                2,
                "out of memory with micro_batch 8; try micro_batch=4, which leaves the batch unchanged "
                "(but is a new trial)",
            ),
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "/full/ckpt"),
            Failure(
                2,
                "/full/ckpt: No space left on device; free space, then run it again: it resumes from its last "
                "checkpoint",
            ),
        ),
        (PeerLost(2, "process 1 of 2 failed: x"), Failure(2, "process 1 of 2 failed: x")),
        (ZeroDivisionError("by\nzero"), Failure(70, "ZeroDivisionError: by zero")),
        (KeyError("a"), Failure(70, "KeyError: 'a'")),
    ],
)
def test_every_failure_is_one_line_and_an_exit_code(error: Exception, failure: Failure) -> None:
    assert failure_of(error, SHARDS) == failure


@pytest.mark.parametrize(
    ("split", "smaller"),
    [
        (BatchSplit(8, 4), 4),
        (BatchSplit(4, 4), None),
        (BatchSplit(12, 4), 4),
        (BatchSplit(32, 4), 16),
        (BatchSplit(4, 8), None),
    ],
)
def test_smaller_micro_batch_keeps_the_groups(split: BatchSplit, smaller: int | None) -> None:
    assert split.smaller() == smaller


def test_real_allocation_failure_names_the_micro_batch() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert "try micro_batch=4" in failure_of(caught.value, SHARDS).message


def test_missing_data_set_is_in_the_record(trials: TrialMaker) -> None:
    run = trials.make("lost")
    code, record = train(trials, run, data_path=trials.root / "gone.zip")
    assert (code, record.state) == (2, State.FAILED)
    assert "gone.zip: no such folder or ZIP file" in record.message
    assert [row["event"] for row in read_lines(run.events)] == ["failed"]


def test_another_data_set_than_planned_is_in_the_record(trials: TrialMaker, tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "other").mkdir()
    Image.new("L", (16, 16)).save(tmp_path / "other" / "a.png")
    code, record = train(trials, trials.make("changed"), data_path=tmp_path / "other")
    assert (code, record.state) == (2, State.FAILED)
    assert str(tmp_path / "other") in record.message


def test_full_disk_keeps_the_last_good_state(trials: TrialMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trials.make("full")
    real = replace_file

    def full(path: Path, content: bytes, guard: Guard) -> None:
        if "ckpt-000000080" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path, content, guard)

    monkeypatch.setattr("trainer.state.checkpoint.replace_file", full)
    code, record = train(trials, run)
    assert (code, record.state) == (2, State.FAILED)
    assert "No space left on device; free space" in record.message
    assert [found.images for found in checkpoint.found(run.checkpoints)] == [40]
    monkeypatch.undo()
    code, record = train(trials, run, 2)
    assert (code, record.state, record.resumed_from_kimg) == (0, State.DONE, 0.04)


def test_unwritable_record_does_not_hide_the_reason(trials: TrialMaker, capsys: pytest.CaptureFixture[str]) -> None:
    run = trials.make("full")
    trials.job(run)
    attempt = read_attempt(run.path, 1)
    (run.attempt(1) / "record.json").mkdir()
    assert run_attempt(attempt, StopRequest()) in (2, 70)
    printed = capsys.readouterr().err
    assert "the record could not be written either" in printed


def test_bug_is_failed_with_its_traceback_in_the_log(
    trials: TrialMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bug(_loop: Loop) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Loop, "to_horizon", bug)
    code, record = train(trials, trials.make("bug"))
    assert (code, record.state, record.message) == (70, State.FAILED, "ZeroDivisionError: a bug")
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_superseded_worker_writes_nothing_and_stops(trials: TrialMaker) -> None:
    run = trials.make("superseded")
    trials.job(run)
    run.lease.write_text(json.dumps({"token": 9}))
    assert run_attempt(read_attempt(run.path, 1), StopRequest()) == 75
    assert not run.record(1).exists()
    assert not run.events.exists()


def test_divergence_is_a_result(trials: TrialMaker) -> None:
    run = trials.make("wild", generator_optimizer={"lr": 1e25}, augment="none")
    code, record = train(trials, run)
    assert (code, record.state, record.diverged) == (0, State.DONE, True)
    assert record.message.startswith("diverged at 0.04 kimg: non-finite")
    diverged = [row for row in read_lines(run.events) if row["event"] == "diverged"]
    assert diverged[0]["kimg"] == 0.04
    assert list(read_lines(run.ticks))[-1]["nan_gradients"] > 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--set", "batch=7"], "batch 7 does not divide"),
        (["--set", "data.subset=1000"], "is more than the 64 images of the set"),
        (["--set", "augmnt=none"], "augmnt"),
        (["--set", "batch"], "write KEY=VALUE"),
        (["--set", "batch=8", "batch.size=8"], "batch is 8, which has no parts"),
        (["--set", "augment=fixed", "augment.p=2"], "--set augment.fixed.p: Input should be less than or equal to 1"),
        (["--preset", "tiny31"], "tiny31"),
    ],
)
def test_wrong_settings_are_one_line(
    trials: TrialMaker, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["run", "--out", str(trials.root / "out"), "--data", str(trials.data), "--kimg", "0.1"]
    assert main([*base, *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert expected in line


@pytest.mark.parametrize("kind", ["empty", "small"])
def test_unfit_data_sets_are_one_line(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    folder = tmp_path / "set"
    folder.mkdir()
    if kind == "small":
        Image.new("L", (24, 24)).save(folder / "a.png")
    assert main(["run", "--out", str(tmp_path / "out"), "--data", str(folder), "--kimg", "0.1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(folder) in line


def test_unwritable_output_is_one_line(trials: TrialMaker, capsys: pytest.CaptureFixture[str]) -> None:
    (trials.root / "file").write_text("")
    out = trials.root / "file" / "out"
    assert main(["run", "--out", str(out), "--data", str(trials.data), "--preset", "tiny32"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("adasweep: error: ")
