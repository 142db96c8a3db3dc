"""Recorders of one store take over from each other: the last one records the rest, or reports what is missing."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from infra.waiting import wait_until
from orchestrator.cli import main
from orchestrator.recorders import launch
from orchestrator.recorders.cursor import is_behind
from orchestrator.recorders.launch import RecorderProcess, start_recorder
from orchestrator.recorders.report import Report, write_report
from orchestrator.recorders.target import default_target
from orchestrator.store.layout import Store
from orchestrator.store.lease import acquire, holder
from tests.orchestrator.test_recorder import empty_database as empty_database
from tests.orchestrator.test_recorder import metric
from tests.orchestrator.test_recorder import run as run
from trainer.files import append_lines
from trainer.record import RunDir

SECONDS = 150.0
Start = Callable[[], RecorderProcess]


@pytest.fixture
def printed() -> list[str]:
    return []


@pytest.fixture
def start(store: Store, printed: list[str]) -> Iterator[Start]:
    """A function that starts a recorder of the store; remaining ones are killed."""
    begun: list[RecorderProcess] = []

    def begin() -> RecorderProcess:
        begun.append(start_recorder(store, default_target(store), printed.append))
        return begun[-1]

    yield begin
    for recorder in begun:
        recorder.process.kill()
        recorder.process.communicate()


def owner(store: Store) -> int:
    held = holder(store.root / "mlflow")
    return held.owner.pid if held and held.is_alive(time.time()) else 0


def is_recorded(store: Store, run: RunDir) -> bool:
    return not is_behind(store, default_target(store), [run.path.name])


def finish(recorder: RecorderProcess, *runs: RunDir) -> None:
    recorder.finish(lambda: [run.path.name for run in runs], lambda: False)


def test_a_remaining_recorder_takes_over(store: Store, run: RunDir, start: Start, printed: list[str]) -> None:
    first = start()
    wait_until(lambda: owner(store) == first.process.pid, SECONDS, "the first recorder")
    second = start()
    finish(first, run)
    append_lines(run.metrics, [metric(3.0, 40.0)])
    wait_until(lambda: owner(store) == second.process.pid, SECONDS, "the second recorder to take over")
    finish(second, run)
    assert (is_recorded(store, run), owner(store), printed) == (True, 0, [])


def test_a_killed_recorder_is_followed_by_the_one_that_waits(
    store: Store, run: RunDir, start: Start, printed: list[str]
) -> None:
    first = start()
    wait_until(lambda: owner(store) == first.process.pid, SECONDS, "the first recorder")
    second = start()
    first.process.kill()
    first.process.wait()
    finish(second, run)
    assert (is_recorded(store, run), printed) == (True, [])


def test_after_a_killed_launcher_the_same_command_returns_when_all_is_recorded(
    store: Store, run: RunDir, start: Start, printed: list[str]
) -> None:
    orphan = start()
    wait_until(lambda: is_recorded(store, run), SECONDS, "the trial to be recorded")
    lease = acquire(run.path)
    append_lines(run.metrics, [metric(3.0, 40.0)])
    assert orphan.process.stdin
    orphan.process.stdin.close()
    again = start()
    lease.release()
    finish(again, run)
    assert (is_recorded(store, run), printed) == (True, [])
    orphan.process.stdin = None


def test_what_is_not_recorded_and_who_does_it_is_reported(
    store: Store, run: RunDir, start: Start, printed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "FINISH_SECONDS", 1.0)
    lease = acquire(store.root / "mlflow")
    finish(start(), run)
    lease.release()
    (line,) = printed
    assert line.startswith("MLflow is behind by 1 of 1 trial")
    assert f"process {os.getpid()} on " in line
    assert line.endswith("continues to record")


def test_a_recorder_of_another_place_is_not_said_to_record_here(
    store: Store,
    run: RunDir,
    start: Start,
    printed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(launch, "FINISH_SECONDS", 1.0)
    lease = acquire(store.root / "mlflow")
    write_report(store, Report(uri="http://elsewhere", began=time.time()))
    finish(start(), run)
    who = f"process {os.getpid()} on {socket.gethostname()} records"
    assert printed == [
        f"MLflow is behind by 1 of 1 trial ({who} into http://elsewhere meanwhile); "
        "to update it afterwards, run: adasweep record"
    ]
    assert main(["record", "--store", str(store.root)]) == 75
    assert f"{who} this store into http://elsewhere; repeat this" in capsys.readouterr().err
    lease.release()


@pytest.mark.usefixtures("run")
def test_the_trouble_of_the_recorder_that_is_active_is_no_success(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    lease = acquire(store.root / "mlflow")
    write_report(store, Report(uri=default_target(store).uri, began=time.time(), trouble="no answer"))
    assert main(["record", "--store", str(store.root)]) == 75
    assert f"MLflow could not be updated: no answer; process {os.getpid()} on " in capsys.readouterr().err
    lease.release()


def kill(recorder: RecorderProcess) -> None:
    recorder.process.kill()
    recorder.process.wait()


def test_that_a_recorder_was_killed_and_what_to_do_is_reported(
    run: RunDir, start: Start, printed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "MOST_RESTARTS", 0)
    recorder = start()
    kill(recorder)
    finish(recorder, run)
    assert printed == [
        "the recorder was killed by SIGKILL, and is not started again; afterwards, run: adasweep record",
        "MLflow is behind by 1 of 1 trial (the recorder was killed by SIGKILL); to update it, run: adasweep record",
    ]


def test_a_killed_recorder_is_started_again_and_records_all(
    store: Store, run: RunDir, start: Start, printed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "RESTART_SECONDS", 0.0)
    recorder = start()
    wait_until(lambda: owner(store) == recorder.process.pid, SECONDS, "the recorder")
    kill(recorder)
    recorder.look_after()
    wait_until(lambda: owner(store) == recorder.process.pid, SECONDS, "the recorder that was started again")
    kill(recorder)
    append_lines(run.metrics, [metric(3.0, 40.0)])
    finish(recorder, run)
    assert is_recorded(store, run)
    told = "the recorder was killed by SIGKILL; it is started again"
    assert printed == [f"{told} (1 of at most 5 times)", f"{told} (2 of at most 5 times)"]


@pytest.mark.usefixtures("run")
def test_a_recorder_that_always_ends_is_started_again_a_few_times(
    store: Store, printed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "RESTART_SECONDS", 0.0)
    monkeypatch.setattr(launch, "start_process", lambda _store: subprocess.Popen(["false"], stdin=subprocess.PIPE))
    recorder = start_recorder(store, default_target(store), printed.append)
    for _ in range(8):
        recorder.process.wait()
        recorder.look_after()
    told = [f"the recorder has failed; it is started again ({number} of at most 5 times)" for number in range(1, 6)]
    assert printed == [*told, "the recorder has failed, and is not started again; afterwards, run: adasweep record"]


def test_trouble_with_mlflow_is_reported_once_with_its_reason(store: Store, printed: list[str]) -> None:
    target = default_target(store)
    idle = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    recorder = RecorderProcess(store, target, idle, printed.append)
    for trouble in ("OperationalError: no such host", "OperationalError: no such host", ""):
        write_report(store, Report(uri=target.uri, began=time.time(), trouble=trouble))
        recorder.report_trouble()
    idle.communicate()
    (line,) = printed
    assert "no such host" in line
