"""Sheets of generated images show the training whose numbers are recorded."""

import shutil

from tests.support.trials import TrialMaker
from trainer.__main__ import main
from trainer.errors import ExitCode
from trainer.record import RunDir


def train(trials: TrialMaker, run: RunDir, attempt: int, horizon_kimg: float) -> None:
    trials.job(run, attempt, horizon_kimg=horizon_kimg)
    assert main(["run", "--dir", str(run.path), "--attempt", str(attempt)]) == ExitCode.DONE


def test_a_training_that_starts_over_draws_its_own_sheets(trials: TrialMaker) -> None:
    run = trials.make("lost")
    train(trials, run, 1, 0.08)
    (sheet,) = run.samples.glob("fakes-*.png")
    drawn = sheet.read_bytes()
    sheet.write_bytes(b"of a training with other operations")
    shutil.rmtree(run.checkpoints)
    train(trials, run, 2, 0.08)
    assert sheet.read_bytes() == drawn


def test_a_resumed_training_keeps_the_sheets_before_it(trials: TrialMaker) -> None:
    run = trials.make("longer")
    train(trials, run, 1, 0.08)
    (first,) = run.samples.glob("fakes-*.png")
    before = first.stat()
    train(trials, run, 2, 0.16)
    assert first.stat() == before
    assert len(list(run.samples.glob("fakes-*.png"))) == 2
