"""What is specific to the local backend: slots by resources, and a runner that may die."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.backends.local.backend import LocalBackend
from orchestrator.backends.local.runner import assign_gpus
from orchestrator.backends.queue import Capacity, QueueEntry, read_entry
from orchestrator.errors import BackendError, PlanError, StoreError
from orchestrator.store.layout import Store
from tests.backends.rig import over, wait
from tests.orchestrator.attempts import let_go, new_attempt, new_trial
from trainer.config.job import Resources
from trainer.record import State

pytestmark = pytest.mark.usefixtures("scripted")


def entry(cpus: int = 1, gpus: int = 0, held: tuple[int, ...] = ()) -> QueueEntry:
    needs = Resources(cpus=cpus, gpus=gpus)
    return QueueEntry(trial="0" * 12, directory=Path("d"), attempt=1, resources=needs, gpus=held)


@pytest.mark.parametrize(
    ("wanted", "running", "capacity", "got"),
    [
        (entry(), [], Capacity(cpus=2), ()),
        (entry(), [entry(), entry()], Capacity(cpus=2), None),
        (entry(2), [entry()], Capacity(cpus=2), None),
        (entry(8), [], Capacity(cpus=2), ()),
        (entry(8), [entry()], Capacity(cpus=2), None),
        (entry(1, 1), [], Capacity(cpus=4, gpus=2), (0,)),
        (entry(1, 1), [entry(1, 1, (0,))], Capacity(cpus=4, gpus=2), (1,)),
        (entry(1, 2), [entry(1, 1, (0,))], Capacity(cpus=4, gpus=2), None),
        (entry(1, 2), [entry(1, 1, (1,))], Capacity(cpus=4, gpus=3), (0, 2)),
    ],
)
def test_slots(wanted: QueueEntry, running: list[QueueEntry], capacity: Capacity, got: tuple[int, ...] | None) -> None:
    assert assign_gpus(wanted, running, capacity) == got


def test_more_gpus_than_there_are_is_refused_when_rendering(store: Store) -> None:
    task = new_attempt(new_trial(store))
    with pytest.raises(PlanError, match="needs 64 GPUs"):
        LocalBackend(store).render([task.__class__(task.trial, task.directory, 1, Resources(gpus=64))])


@pytest.mark.parametrize("name", ["", "queue", "running", "runner.lock", "runner.log"])
@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to(path.name), lambda path: path.symlink_to("x")]
)
def test_what_stands_in_the_place_of_the_queue_is_named_before_anything_is_submitted(
    store: Store, name: str, make: Callable[[Path], object]
) -> None:
    backend = LocalBackend(store)
    place = backend.queue.root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    make(place)
    assert not backend.queue.waiting()
    assert not backend.queue.running()
    with pytest.raises(StoreError, match=r"is not a (file|folder); remove it"):
        backend.require_usable()
    place.unlink()
    backend.require_usable()


def test_a_runner_that_fails_is_told_and_started_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = LocalBackend(store, cpus=1)
    with monkeypatch.context() as patched:
        failing = "orchestrator.backends.local.backend.ensure_runner"
        patched.setattr(failing, lambda queue: subprocess.Popen(["sh", "-c", f"echo no room >{queue.log}; exit 1"]))
        handles = backend.submit(backend.render([new_attempt(new_trial(store))]))
        backend._runners[0].wait()
        with pytest.raises(BackendError, match=r"runner ended with exit code 1 \(no room\)$") as caught:
            backend.maintain()
        assert caught.value.retryable
        backend.maintain()
        assert not backend._runners
    backend._not_before = 0.0
    assert list(wait(backend, handles, over).values()) == [State.DONE]


def test_attempts_outlive_the_runner_and_the_next_runner_takes_them_up(store: Store) -> None:
    first = LocalBackend(store, cpus=1)
    tasks = [new_attempt(new_trial(store, seed)) for seed in (100, 2)]
    handles = first.submit(first.render(tasks))
    wait(first, handles[:1], lambda states: states == {State.RUNNING})
    until(lambda: supervisor_is_known(first))
    (runner,) = first._runners
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    second = LocalBackend(store, cpus=1)
    assert second.states(handles) == {handles[0]: State.RUNNING, handles[1]: State.PENDING}
    let_go(store.run(tasks[0].trial))
    assert set(wait(second, handles, over).values()) == {State.DONE}
    assert store.run(tasks[0].trial).attempts() == [1]


def test_the_runner_ends_when_there_is_nothing_left(store: Store) -> None:
    backend = LocalBackend(store, cpus=1)
    handles = backend.submit(backend.render([new_attempt(new_trial(store), 0.2)]))
    (runner,) = backend._runners
    wait(backend, handles, over)
    assert runner.wait(60) == 0


def test_what_others_put_into_the_queue_keeps_nothing_waiting(store: Store) -> None:
    backend = LocalBackend(store, cpus=1)
    waiting = backend.queue.root / "queue"
    waiting.mkdir(parents=True)
    (waiting / f"{0:020d}-{'a' * 12}-001.json").write_text('{"trial": ')
    (waiting / "notes.json").write_text("mine")
    (waiting / f"{1:020d}-{'b' * 12}-001.json").mkdir()
    handles = backend.submit(backend.render([new_attempt(new_trial(store), 0.2)]))
    (runner,) = backend._runners
    assert set(wait(backend, handles, over).values()) == {State.DONE}
    assert runner.wait(60) == 0
    assert "cannot be read; set aside" in backend.queue.log.read_text()
    assert len(list(waiting.iterdir())) == 3


def supervisor_is_known(backend: LocalBackend) -> bool:
    entries = [read_entry(path) for path in backend.queue.running().values()]
    return any(entry and entry.supervisor for entry in entries)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
