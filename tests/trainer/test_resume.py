"""N steps + kill -9 + N steps equal 2N steps, bit for bit, files and weights."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.trials import TrialMaker
from trainer.files import read_lines
from trainer.record import RunDir, State, read_record
from trainer.state import checkpoint

CASES: dict[str, dict[str, Any]] = {
    "ada": {"augment": {"type": "ada", "horizon_kimg": 0.1, "interval": 2}},
    "none": {"augment": "none"},
    "fixed-conditional-mirrored": {
        "augment": {"type": "fixed", "p": 0.5, "pipe": "bg"},
        "data": {"labels": True, "mirror": True},
    },
    "rv": {"augment": {"type": "ada", "heuristic": "rv", "target": 0.5, "horizon_kimg": 0.1}},
}
WALL_CLOCK = {"time", "attempt", "images_per_second", "seconds_per_kimg", "memory_gib", "energy_joules", "seconds"}


def worker(run: RunDir, attempt: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "trainer", "run", "--dir", str(run.path), "--attempt", str(attempt)]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})


def final_state(run: RunDir) -> dict[str, torch.Tensor]:
    state = checkpoint.found(run.checkpoints)[0].load()
    assert state is not None
    return state


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the last row of every kimg, without its timing columns."""
    last = {row["kimg"]: row for row in read_lines(path)}
    return [{key: value for key, value in last[kimg].items() if key not in WALL_CLOCK} for kimg in sorted(last)]


def wait_for(condition: Callable[[], object], process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, f"ended with {process.returncode}"
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    return CASES[request.param]


def test_killed_run_resumed_is_bit_equal(trials: TrialMaker, case: dict[str, Any]) -> None:
    calm, killed = trials.make("calm", **case), trials.make("killed", **case)
    assert worker(calm, trials.job(calm)).wait() == 0
    process = worker(killed, trials.job(killed))
    wait_for(lambda: len(checkpoint.found(killed.checkpoints)) >= 2, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    images = checkpoint.found(killed.checkpoints)[0].images
    assert images < 200, "killed too late to show anything"
    assert worker(killed, trials.job(killed, 2)).wait() == 0

    expected, got = final_state(calm), final_state(killed)
    assert expected.keys() == got.keys()
    assert [name for name in expected if not torch.equal(expected[name], got[name])] == []
    assert rows(calm.ticks) == rows(killed.ticks)
    assert rows(calm.path / "logits.jsonl") == rows(killed.path / "logits.jsonl")
    for sheet in calm.samples.iterdir():
        assert sheet.read_bytes() == (killed.samples / sheet.name).read_bytes()
    events = [row["event"] for row in read_lines(killed.events)]
    assert events == ["start", "resume", "done"]


def test_stop_signal_saves_and_requests_another_run(trials: TrialMaker) -> None:
    run = trials.make("asked")
    process = worker(run, trials.job(run, horizon_kimg=50))
    wait_for(run.ticks.exists, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 75
    record = read_record(run.record(1))
    assert record is not None
    assert record.state is State.PREEMPTED
    assert checkpoint.found(run.checkpoints)[0].images == round(record.kimg * 1000)


def test_damaged_newest_checkpoint_is_skipped(trials: TrialMaker) -> None:
    run, calm = trials.make("damaged"), trials.make("calm")
    assert worker(run, trials.job(run, horizon_kimg=0.12)).wait() == 0
    newest = checkpoint.found(run.checkpoints)[0].path
    newest.write_bytes(newest.read_bytes()[:100])
    assert worker(run, trials.job(run, 2)).wait() == 0
    assert worker(calm, trials.job(calm)).wait() == 0
    expected, got = final_state(calm), final_state(run)
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    assert "damaged-checkpoint" in [row["event"] for row in read_lines(run.events)]


def test_extending_the_horizon_resumes_training(trials: TrialMaker) -> None:
    run, calm = trials.make("extended"), trials.make("calm")
    assert worker(run, trials.job(run, horizon_kimg=0.12)).wait() == 0
    assert worker(run, trials.job(run, 2, horizon_kimg=0.2)).wait() == 0
    assert worker(calm, trials.job(calm, horizon_kimg=0.2)).wait() == 0
    expected, got = final_state(calm), final_state(run)
    weights = [name for name in expected if not name.startswith("sums/")]
    assert all(torch.equal(expected[name], got[name]) for name in weights)


def test_a_metric_asked_for_later_is_measured_alone(trials: TrialMaker) -> None:
    run = trials.make("more")
    assert worker(run, trials.job(run, horizon_kimg=0.08, metrics=("fid20",))).wait() == 0
    before = [row["metric"] for row in read_lines(run.metrics)]
    assert worker(run, trials.job(run, 2, horizon_kimg=0.08, metrics=("fid20", "kid20"))).wait() == 0
    added = list(read_lines(run.metrics))[len(before) :]
    assert before == ["fid20-lite0"]
    assert {row["metric"] for row in added} == {"kid20-lite0"}
    assert {row["kimg"] for row in added} == {0.08}
