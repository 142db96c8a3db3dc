"""The supervisor with a real, scripted worker process."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from orchestrator.store.layout import Store
from orchestrator.store.lease import acquire, holder
from orchestrator.store.observe import observe_run
from orchestrator.store.requests import cancel
from orchestrator.supervisor.command import Task, environment, supervisor_command
from orchestrator.supervisor.ending import classify
from tests.orchestrator.attempts import kimgs, let_go, new_attempt, new_trial, workers_of
from tests.orchestrator.scripted_worker import HOLD_STEPS
from trainer.config.job import read_job
from trainer.record import RunDir, State, read_record

pytestmark = pytest.mark.usefixtures("scripted")
Supervise = Callable[[Task], "subprocess.Popen[bytes]"]


@pytest.fixture
def supervise() -> Iterator[Supervise]:
    """A function that starts a supervisor; its remaining processes are killed after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(task: Task) -> "subprocess.Popen[bytes]":
        started.append(subprocess.Popen(supervisor_command(task), env=environment(), stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def run(store: Store) -> RunDir:
    """A trial whose worker succeeds."""
    return new_trial(store)


@pytest.fixture
def held(store: Store) -> RunDir:
    """A trial whose worker waits at 0.5 kimg."""
    return new_trial(store, seed=100)


def is_at_hold(run: RunDir) -> bool:
    return run.ticks.exists() and len(kimgs(run.ticks)) >= HOLD_STEPS


def until(condition: Callable[[], object], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def state(run: RunDir, number: int = 1) -> State | None:
    record = read_record(run.record(number))
    return record.state if record else None


def test_a_worker_that_is_done_is_done(run: RunDir, supervise: Supervise) -> None:
    assert supervise(new_attempt(run)).wait() == 0
    assert state(run) is State.DONE
    assert kimgs(run.ticks)[-1] == 1.0
    held = holder(run.path)
    assert held is not None
    assert held.released


def test_a_cancellation_reaches_a_worker_whom_its_author_cannot_signal(held: RunDir, supervise: Supervise) -> None:
    supervisor = supervise(new_attempt(held))
    until(lambda: is_at_hold(held))
    cancel(held)
    assert supervisor.wait(timeout=60) == 75
    assert state(held) is State.CANCELLED or state(held) is State.PREEMPTED


def test_the_job_gets_the_token_of_the_lease(run: RunDir, supervise: Supervise) -> None:
    acquire(run.path).release()
    acquire(run.path).release()
    supervise(new_attempt(run)).wait()
    job = read_job(run.job(1))
    assert job is not None
    assert job.token == 3


def test_a_crash_is_a_failure_with_its_last_line(store: Store, supervise: Supervise) -> None:
    run = new_trial(store, seed=13)
    assert supervise(new_attempt(run)).wait() == 1
    record = read_record(run.record(1))
    assert record is not None
    assert (record.state, record.exit_code) == (State.FAILED, 1)
    assert record.message == "RuntimeError: the loss is not a number"


def test_a_user_error_is_reported_even_when_the_worker_left_no_record(store: Store, supervise: Supervise) -> None:
    run = new_trial(store, seed=14)
    assert supervise(new_attempt(run)).wait() == 2
    record = read_record(run.record(1))
    assert record is not None
    assert (record.state, record.message) == (State.FAILED, "data: no such folder")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_stop_signals_reach_the_worker_which_saves(held: RunDir, supervise: Supervise, number: signal.Signals) -> None:
    process = supervise(new_attempt(held))
    until(lambda: is_at_hold(held))
    process.send_signal(number)
    assert process.wait() == 75
    assert state(held) is State.PREEMPTED
    let_go(held)
    assert supervise(new_attempt(held)).wait() == 0
    assert kimgs(held.ticks) == [round(0.1 * step, 3) for step in range(1, 11)]


def test_a_killed_worker_is_lost_and_resumes_from_its_last_save(store: Store, supervise: Supervise) -> None:
    run = new_trial(store, seed=15)
    assert supervise(new_attempt(run)).wait() == 128 + signal.SIGKILL
    record = read_record(run.record(1))
    assert record is not None
    assert (record.state, record.message) == (State.LOST, "killed by SIGKILL (out of memory?)")
    assert supervise(new_attempt(run)).wait() == 0
    resumed = read_record(run.record(2))
    assert resumed is not None
    assert (resumed.state, resumed.resumed_from_kimg) == (State.DONE, 0.5)


def test_the_worker_dies_with_its_supervisor(held: RunDir, supervise: Supervise) -> None:
    process = supervise(new_attempt(held))
    until(lambda: is_at_hold(held))
    process.kill()
    process.wait()
    until(lambda: not workers_of(held))
    assert observe_run(held, None, time.time()).state is State.LOST
    let_go(held)
    assert supervise(new_attempt(held)).wait() == 0


def test_of_two_supervisors_one_writes(held: RunDir, supervise: Supervise) -> None:
    task = new_attempt(held)
    racers = [supervise(task) for _ in range(4)]
    until(lambda: sum(racer.poll() is None for racer in racers) == 1 and is_at_hold(held))
    assert len(workers_of(held)) == 1
    let_go(held)
    assert sorted(racer.wait() for racer in racers) == [0, 75, 75, 75]
    assert kimgs(held.ticks) == [round(0.1 * step, 3) for step in range(1, 11)]


def test_a_superseded_supervisor_kills_its_worker(
    held: RunDir, supervise: Supervise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADASWEEP_BEAT_SECONDS", "0.2")
    process = supervise(new_attempt(held))
    until(lambda: is_at_hold(held))
    acquire(held.path, now=time.time() + 1e6)
    assert process.wait(60) == 75
    assert workers_of(held) == []


def test_a_requeued_attempt_becomes_a_new_one(held: RunDir, supervise: Supervise) -> None:
    task = new_attempt(held)
    process = supervise(task)
    until(lambda: is_at_hold(held))
    os.kill(process.pid, signal.SIGTERM)
    process.wait()
    requeued = supervise(task)
    until(lambda: state(held, 2) is State.RUNNING)
    requeued.terminate()
    requeued.wait()
    assert (state(held, 1), state(held, 2)) == (State.PREEMPTED, State.PREEMPTED)


def test_a_cancelled_attempt_ends_as_cancelled(held: RunDir, supervise: Supervise) -> None:
    process = supervise(new_attempt(held))
    until(lambda: is_at_hold(held))
    cancel(held)
    process.terminate()
    process.wait()
    assert state(held) is State.CANCELLED


def test_an_attempt_cancelled_before_it_starts_never_starts(run: RunDir, supervise: Supervise) -> None:
    task = new_attempt(run)
    cancel(run)
    assert supervise(task).wait() == 75
    assert state(run) is State.CANCELLED
    assert not run.ticks.exists()


def test_an_attempt_without_a_job_is_a_user_error(run: RunDir, supervise: Supervise) -> None:
    task = new_attempt(run)
    run.job(1).write_text("{")
    assert supervise(task).wait() == 2


@pytest.mark.parametrize(
    ("code", "asked", "cancelled", "state"),
    [
        (0, False, False, State.DONE),
        (0, True, True, State.DONE),
        (75, False, False, State.PREEMPTED),
        (75, True, True, State.CANCELLED),
        (2, False, False, State.FAILED),
        (1, False, False, State.FAILED),
        (70, False, False, State.FAILED),
        (-9, False, False, State.LOST),
        (-15, True, False, State.PREEMPTED),
        (-9, True, True, State.CANCELLED),
        (-11, False, False, State.FAILED),
    ],
)
def test_exit_codes(code: int, asked: bool, cancelled: bool, state: State) -> None:
    assert classify(code, asked, cancelled).state is state
