"""What every backend must do, whatever runs underneath."""

import pytest

from orchestrator.backends.base import Backend
from orchestrator.store.handle import Handle, read_handle, write_handle
from orchestrator.supervisor.command import Task
from tests.backends.rig import Rig, over, wait
from tests.orchestrator.attempts import workers_of
from trainer.config.job import Resources
from trainer.record import State

pytestmark = pytest.mark.usefixtures("scripted")


def submit(rig: Rig, backend: Backend, *tasks: Task) -> list[Handle]:
    handles = backend.submit(backend.render(tasks))
    for handle in handles:
        write_handle(rig.store.run(handle.trial).attempt(handle.attempt), handle)
    return handles


def test_rendering_names_every_trial_and_starts_nothing(rig: Rig) -> None:
    backend, tasks = rig.connect(), [rig.task(seed) for seed in (1, 2)]
    text = backend.render(tasks).text
    assert all(task.trial in text for task in tasks)
    assert text == backend.render(tasks).text
    assert not rig.store.run(tasks[0].trial).record(1).exists()


def test_handles_come_in_order_and_survive_being_written(rig: Rig) -> None:
    backend, tasks = rig.connect(), [rig.task(seed) for seed in (1, 2, 3)]
    handles = submit(rig, backend, *tasks)
    assert [handle.trial for handle in handles] == [task.trial for task in tasks]
    assert {handle.backend for handle in handles} == {backend.name}
    assert read_handle(rig.store.run(tasks[0].trial).attempt(1)) == handles[0]


def test_more_tasks_than_slots_all_get_done(rig: Rig) -> None:
    backend = rig.connect()
    handles = submit(rig, backend, *(rig.task(seed) for seed in range(5)))
    assert set(wait(backend, handles, over).values()) == {State.DONE}


def test_no_more_run_than_there_are_slots(rig: Rig) -> None:
    backend = rig.connect()
    handles = submit(rig, backend, *(rig.task(100 + index) for index in range(4)))
    running = set[Handle]()
    while len(running) < backend.slots(Resources()):
        states = backend.states(handles)
        running = {handle for handle, state in states.items() if state is State.RUNNING}
        backend.maintain()
    assert len(running) == 2
    assert list(states.values()) == [State.RUNNING, State.RUNNING, State.PENDING, State.PENDING]
    backend.cancel(handles)
    wait(backend, handles, over)


def test_unsuccessful_ends_are_distinguished(rig: Rig) -> None:
    backend = rig.connect()
    handles = submit(rig, backend, *(rig.task(seed) for seed in (0, 13, 15)))
    assert list(wait(backend, handles, over).values()) == [State.DONE, State.FAILED, State.LOST]


def test_what_waits_and_is_cancelled_never_starts(rig: Rig) -> None:
    backend = rig.connect()
    running = submit(rig, backend, rig.task(101), rig.task(102))
    waiting = submit(rig, backend, rig.task(103))
    wait(backend, running, lambda states: states == {State.RUNNING})
    backend.cancel(waiting)
    states = wait(backend, waiting, over)
    assert states[waiting[0]] in (State.CANCELLED, State.PREEMPTED)
    assert not rig.store.run(waiting[0].trial).ticks.exists()
    backend.cancel(running)
    assert set(wait(backend, running, over).values()) <= {State.CANCELLED, State.PREEMPTED}
    assert workers_of(rig.store.run(running[0].trial)) == []


def test_cancelling_what_is_over_changes_nothing(rig: Rig) -> None:
    backend = rig.connect()
    handles = submit(rig, backend, rig.task())
    wait(backend, handles, over)
    backend.cancel(handles)
    assert backend.states(handles) == {handles[0]: State.DONE}


def test_a_later_process_sees_and_stops_what_an_earlier_one_started(rig: Rig) -> None:
    first = rig.connect()
    handles = submit(rig, first, rig.task(100))
    wait(first, handles, lambda states: states == {State.RUNNING})
    del first
    second = rig.connect()
    assert second.states(handles) == {handles[0]: State.RUNNING}
    second.cancel(handles)
    assert over(set(wait(second, handles, over).values()))


def test_an_unknown_handle_is_lost(rig: Rig) -> None:
    stranger = Handle(backend=rig.connect().name, key="000000000000-001", trial="0" * 12, attempt=1)
    assert rig.connect().states([stranger]) == {stranger: State.LOST}


def test_submitting_nothing_does_nothing(rig: Rig) -> None:
    backend = rig.connect()
    assert backend.submit(backend.render([])) == []
    assert backend.states([]) == {}
