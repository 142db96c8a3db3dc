"""The display of `adasweep run`, with a backend without processes."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.backends.fake import FakeBackend, FakeWorld
from orchestrator.commands.watched_run import WatchedRun
from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.display.progress import Silence
from orchestrator.store.layout import Store
from orchestrator.store.sweep_runs import recent_runs
from orchestrator.supervisor.command import Task
from trainer.config.job import read_job
from trainer.config.node_power import NodePower
from trainer.files import replace_file
from trainer.record import RunRecord, State
from trainer.recording.clock import ClockSteps


def done(store: Store) -> Callable[[Task], State]:
    """Return a script after which an attempt has reached its horizon."""

    def script(task: Task) -> State:
        now = time.time()
        times = {"started": now, "updated": now}
        record = RunRecord(
            attempt=task.attempt, state=State.DONE, kimg=1, horizon_kimg=1, host="h", pid=1, exit_code=0, **times
        )
        replace_file(store.run(task.trial).record(task.attempt), record.model_dump_json())
        return State.DONE

    return script


def test_a_trial_that_ends_between_two_polls_is_shown_as_it_ended(
    store: Store, sweep_file: Callable[..., Path]
) -> None:
    world = FakeWorld(done(store), slots=9)
    dispatcher = Dispatcher(store, plan_sweep(store, Request(sweep_file())), FakeBackend(world))
    run = WatchedRun(store, dispatcher, Silence())
    dispatcher.submit()
    assert {status.state for status in run.statuses()} == {"pending"}
    world.turn()
    world.turn()
    dispatcher.refresh()
    assert [status.state for status in run.statuses()] == ["done"] * 4


class View(Silence):
    """Records all messages."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, text: str) -> None:
        self.lines.append(text)


def test_a_backend_that_cannot_be_reached_is_reported_once_and_so_is_its_return(
    store: Store, sweep_file: Callable[..., Path]
) -> None:
    dispatcher = Dispatcher(store, plan_sweep(store, Request(sweep_file())), FakeBackend(FakeWorld(done(store))))
    view = View()
    run = WatchedRun(store, dispatcher, view)
    for trouble in ("", "squeue: Unable to contact slurm controller", "squeue: timed out", "", ""):
        dispatcher.trouble = trouble
        run.report_trouble()
    assert view.lines == [
        "squeue: Unable to contact slurm controller; running trials continue, and `run` keeps trying",
        "fake responds again",
    ]


@pytest.mark.parametrize(("power", "watts"), [(NodePower(watts=2000, devices=4, overhead=1.5), 750.0), (None, None)])
def test_every_attempt_keeps_the_power_of_its_node_if_the_backend_knows_it(
    store: Store, sweep_file: Callable[..., Path], power: NodePower | None, watts: float | None
) -> None:
    plan = plan_sweep(store, Request(sweep_file()))
    Dispatcher(store, plan, FakeBackend(FakeWorld(done(store)), power=power)).submit()
    jobs = [json.loads(store.run(trial).job(1).read_text()) for trial in plan.unique]
    assert {job.get("device_watts") for job in jobs} == {watts}


def test_every_attempt_keeps_its_estimate_and_the_sweep_what_it_took(
    store: Store, sweep_file: Callable[..., Path]
) -> None:
    plan = plan_sweep(store, Request(sweep_file()))
    world = FakeWorld(done(store), slots=9)
    dispatcher, view = Dispatcher(store, plan, FakeBackend(world)), View()
    run = WatchedRun(store, dispatcher, view)
    dispatcher.submit()
    jobs = {trial: read_job(store.run(trial).job(1)) for trial in plan.unique}
    assert all(job and job.estimate for job in jobs.values())
    assert {job.estimate.seconds for job in jobs.values() if job and job.estimate} == {
        price.seconds for price in plan.prices.values()
    }
    world.turn()
    world.turn()
    dispatcher.refresh()
    run.record_duration()
    (kept,) = recent_runs(store, "fake")
    assert kept.attempts == 4
    assert kept.estimate.seconds == pytest.approx(3600 * plan.totals.wall_hours)
    assert view.lines[-1].startswith("It took ")
    run.interrupts = 1
    run.record_duration()
    assert recent_runs(store, "fake") == [kept]
    run.interrupts, run.steps = 0, steps_after(2 * DAY, set_by=-7200.0)
    run.record_duration()
    assert recent_runs(store, "fake") == [kept]
    run.steps = steps_after(2 * DAY, set_by=12.0)
    run.record_duration()
    assert len(recent_runs(store, "fake")) == 2


DAY = 86_400.0


def steps_after(seconds: float, *, set_by: float) -> ClockSteps:
    """Return the steps of a clock that was set since they were made, or has drifted."""
    clock = [0.0, 0.0]
    steps = ClockSteps(lambda: clock[0], lambda: clock[1])
    clock[:] = [seconds + set_by, seconds]
    return steps
