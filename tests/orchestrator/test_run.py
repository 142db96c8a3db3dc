"""adasweep run end to end: all processes are real except the worker, which is scripted."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.store.layout import Store
from tests.orchestrator.attempts import kimgs, let_go, workers_of
from tests.orchestrator.scripted_worker import HOLD_STEPS
from tests.support.tiny_sweep import SWEEP
from trainer.record import RunDir, State, read_record

pytestmark = pytest.mark.usefixtures("scripted")
Write = Callable[[str], Path]

ONE = SWEEP.replace("data.subset: [20, 40]\n  augment: [none, ada]", "augment: [ada]")


SECONDS = 240.0
"""Patience with a machine that has other things to do."""

ALL_STEPS = [round(0.1 * step, 3) for step in range(1, 11)]


def is_at_hold(run: RunDir) -> bool:
    return run.ticks.exists() and len(kimgs(run.ticks)) >= HOLD_STEPS


def adasweep(store: Store, *words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "orchestrator", *map(str, words), "--store", str(store.root)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


def start(store: Store, *words: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "orchestrator", *map(str, words), "--store", str(store.root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def runs(store: Store) -> list[RunDir]:
    return [store.run(trial) for trial in store.ids()]


def actions(store: Store, file: Path, *words: object) -> dict[str, int]:
    plan: dict[str, Any] = json.loads(adasweep(store, "plan", file, "--json", *words).stdout)
    return dict(plan["actions"])


def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_a_sweep_is_run_reused_and_extended(store: Store, sweep_file: Write) -> None:
    file = sweep_file(SWEEP)
    assert actions(store, file) == {"new": 4}
    first = adasweep(store, "run", file, "--no-record", "--json")
    assert first.returncode == 0, first.stderr
    reported = json.loads(first.stdout)
    assert [trial["state"] for trial in reported["trials"]] == ["done"] * 4
    assert all(kimgs(run.ticks)[-1] == 1.0 for run in runs(store))

    second = adasweep(store, "run", file, "--no-record")
    assert second.returncode == 0
    assert "4 reuse" in second.stderr
    assert all(run.attempts() == [1] for run in runs(store))

    longer = sweep_file(SWEEP.replace("horizon_kimg: 1", "horizon_kimg: 1.5").replace("[20, 40]", "[20, 40, 50]"))
    assert actions(store, longer) == {"new": 2, "extend": 4}
    assert adasweep(store, "run", longer, "--no-record").returncode == 0
    assert {kimgs(run.ticks)[-1] for run in runs(store)} == {1.5}
    assert all(kimgs(run.ticks) == sorted(set(kimgs(run.ticks))) for run in runs(store))

    plan = json.loads(store.plan("test").read_text())
    assert (plan["sweep"], plan["score"], len(plan["cells"])) == ("test", "fid2k-lite0", 6)
    kept = {
        "cell",
        "name",
        "axes",
        "settings",
        "training_images",
        "seed",
        "trial",
        "horizon_kimg",
        "expected_seconds",
        "batch",
    }
    assert plan["cells"][0].keys() == kept | {"expected_seconds", "batch"}


def test_failures_are_distinguished_and_can_be_retried(store: Store, sweep_file: Write) -> None:
    file = sweep_file(ONE.replace("seeds: [0]", "seeds: [0, 13, 14, 15]"))
    done = adasweep(store, "run", file, "--no-record", "--json")
    assert done.returncode == 3, done.stderr
    by_seed = {trial["seed"]: trial for trial in json.loads(done.stdout)["trials"]}
    assert [by_seed[seed]["state"] for seed in (0, 13, 14, 15)] == ["done", "failed", "failed", "done"]
    assert [by_seed[seed]["attempts"] for seed in (0, 13, 14, 15)] == [1, 2, 1, 2]
    assert "the loss is not a number" in by_seed[13]["wrong"]
    assert "data: no such folder" in by_seed[14]["wrong"]
    assert actions(store, file) == {"reuse": 2, "blocked": 2}
    detached = adasweep(store, "run", file, "--no-record", "--detach")
    assert detached.returncode == 3, detached.stderr
    assert "0 trials submitted" in detached.stderr
    assert "the loss is not a number" in detached.stderr
    assert "2 blocked trials; to try again: adasweep retry test" in detached.stderr

    assert "failed" in adasweep(store, "why", by_seed[13]["trial"]).stdout
    assert "RuntimeError" in adasweep(store, "logs", by_seed[13]["trial"]).stdout
    assert adasweep(store, "retry", "test").returncode == 0
    assert actions(store, file) == {"resume": 2, "reuse": 2}


def test_ctrl_c_saves_everything_and_the_same_command_continues(store: Store, sweep_file: Write) -> None:
    file = sweep_file(SWEEP.replace("seeds: [0]", "seeds: [100]"))
    launcher = start(store, "run", file, "--no-record", "--cpus", 2)
    until(lambda: sum(is_at_hold(run) for run in runs(store)) == 2)
    launcher.send_signal(signal.SIGINT)
    _, printed = launcher.communicate(timeout=SECONDS)
    assert launcher.returncode == 75, printed
    assert "Repeat the command to continue" in printed
    assert not any(workers_of(run) for run in runs(store))
    assert {last_state(run) for run in runs(store)} == {State.PREEMPTED}
    assert actions(store, file) == {"resume": 4}
    for run in runs(store):
        let_go(run)
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    assert all(kimgs(run.ticks) == ALL_STEPS for run in runs(store))


def test_a_killed_launcher_leaves_its_trials_running_for_the_next(store: Store, sweep_file: Write) -> None:
    file = sweep_file(ONE.replace("seeds: [0]", "seeds: [100]"))
    launcher = start(store, "run", file, "--no-record")
    until(lambda: any(is_at_hold(run) for run in runs(store)))
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.communicate()
    assert actions(store, file) == {"leave": 1}
    let_go(runs(store)[0])
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    assert [run.attempts() for run in runs(store)] == [[1]]


def test_a_detached_run_is_cancelled_by_name(store: Store, sweep_file: Write) -> None:
    file = sweep_file(ONE.replace("seeds: [0]", "seeds: [100]"))
    assert adasweep(store, "run", file, "--detach").returncode == 0
    until(lambda: any(is_at_hold(run) for run in runs(store)))
    status = json.loads(adasweep(store, "status", "test", "--json").stdout)
    assert status["sweeps"][0]["trials"][0]["state"] == "running"
    assert adasweep(store, "cancel", "test").returncode == 0
    until(lambda: last_state(runs(store)[0]) is State.CANCELLED)
    assert adasweep(store, "run", file, "--no-record").returncode == 3


def test_watching_as_json_prints_every_change_until_all_is_settled(store: Store, sweep_file: Write) -> None:
    file = sweep_file(ONE.replace("seeds: [0]", "seeds: [100]"))
    assert adasweep(store, "run", file, "--detach").returncode == 0
    watcher = start(store, "watch", "test", "--json")
    assert watcher.stdout
    first = json.loads(watcher.stdout.readline())
    assert first["sweeps"][0]["trials"][0]["state"] in ("pending", "running")
    until(lambda: any(is_at_hold(run) for run in runs(store)))
    let_go(runs(store)[0])
    reported, _ = watcher.communicate(timeout=SECONDS)
    last = json.loads(reported.splitlines()[-1])
    assert [trial["state"] for trial in last["sweeps"][0]["trials"]] == ["done"]


def test_two_launchers_share_the_work(store: Store, sweep_file: Write) -> None:
    file = sweep_file(SWEEP)
    launchers = [start(store, "run", file, "--no-record") for _ in range(2)]
    assert [launcher.communicate(timeout=SECONDS) and launcher.returncode for launcher in launchers] == [0, 0]
    assert all(kimgs(run.ticks) == ALL_STEPS for run in runs(store))


def test_a_dry_run_prints_commands_and_writes_nothing(store: Store, sweep_file: Write) -> None:
    shown = adasweep(store, "run", sweep_file(SWEEP), "--dry-run")
    assert shown.returncode == 0
    assert shown.stdout.count("orchestrator.supervise") == 4
    assert sorted(path.name for path in store.root.iterdir()) == ["data"]


def test_a_budget_is_kept(store: Store, sweep_file: Write) -> None:
    refused = adasweep(store, "run", sweep_file(SWEEP + "budget: {cpu_hours: 0.0001}\n"), "--no-record")
    assert refused.returncode == 2
    assert "over the budget of 0.0001" in refused.stderr
    assert list(store.ids()) == []


def last_state(run: RunDir) -> State | None:
    attempts = run.attempts()
    record = read_record(run.record(attempts[-1])) if attempts else None
    return record.state if record else None


def test_a_metric_that_was_asked_for_and_not_given_blocks_until_retried(store: Store, sweep_file: Write) -> None:
    file = sweep_file(ONE)
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    (run,) = runs(store)
    run.metrics.unlink()
    assert actions(store, file) == {"blocked": 1}
    assert adasweep(store, "retry", run.path.name[:6]).returncode == 0
    assert actions(store, file) == {"evaluate": 1}
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    assert actions(store, file) == {"reuse": 1}
