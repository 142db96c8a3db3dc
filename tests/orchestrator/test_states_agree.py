"""`status` and tables show the same state of a trial in a sweep, whatever any sweep has done to it."""

import os
import shutil
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analysis.results.load import load
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from orchestrator.plan.decide import RULES
from orchestrator.plan.plan_file import read_plan
from orchestrator.plan.status import sweep_status
from orchestrator.store.layout import Store
from orchestrator.store.observe import observe
from orchestrator.store.requests import cancel, retry, stop
from tests.orchestrator.test_shared_trials import attempted, scored
from tests.orchestrator.test_shared_trials import shared as shared
from trainer.config.job import Work
from trainer.files import replace_file
from trainer.record import RunDir, RunRecord, State, read_record


class Happening(NamedTuple):
    """Something that a sweep does to the trial of both, `a` (to 8 kimg) and `b` (to 4)."""

    kind: str
    sweep: str = "a"
    state: State = State.DONE
    kimg: float = 1.0
    exit_code: int = 1


HAPPENINGS = st.builds(
    Happening,
    st.sampled_from(["train", "train", "evaluate", "cancel", "stop", "retry", "score", "broken", "submit"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from([State.DONE, State.RUNNING, State.FAILED, State.CANCELLED, State.PREEMPTED, State.LOST]),
    st.sampled_from([1.0, 4.0, 5.0, 8.0]),
    st.sampled_from([1, 2, 70]),
)


def happens(run: RunDir, event: Happening) -> None:
    if event.kind in ("train", "evaluate"):
        work: Work = "train" if event.kind == "train" else "evaluate"
        diverged = event.state in (State.DONE, State.RUNNING) and event.kimg == 5
        horizon = event.kimg if event.state is State.DONE and not diverged else 8.0
        more = {"exit_code": event.exit_code, "diverged": diverged, "horizon_kimg": horizon}
        attempted(run, event.sweep, event.state, event.kimg, work, ("fid2k",), **more)
    elif event.kind == "submit":
        attempted(run, event.sweep, State.PENDING, 0.0)
        run.record(max(run.attempts())).unlink()
    elif event.kind in ("score", "broken"):
        scored(run, (event.kimg, float("nan") if event.kind == "broken" else 7.0))
    elif event.kind == "stop":
        stop(run, event.sweep, "worse")
    else:
        (cancel if event.kind == "cancel" else retry)(run, event.sweep)


def reported(run: RunDir) -> dict[str, State]:
    """Return the job of the last attempt as its backend reports it, and make its heartbeat one of now."""
    last = max(run.attempts(), default=0)
    record = read_record(run.record(last))
    if record and record.state is State.RUNNING:
        fresh = RunRecord.model_validate({**record.model_dump(), "updated": time.time()})
        replace_file(run.record(last), fresh.model_dump_json())
    is_queued = last and not record and not (run.attempt(last) / "cancel").exists()
    for number in run.attempts():
        os.utime(run.job(number), (1, 1))
    return {run.path.name: State.PENDING} if is_queued else {}


def shown(store: Store, run: RunDir, sweep: str) -> list[str]:
    """Return the state of a sweep's only trial by `status`, by its files, and by collected tables."""
    plan, place = read_plan(store, sweep), ResultStore(store.root)
    (status,) = sweep_status(store, plan, observe(store, plan.trials, reported(run)), RULES)
    collect(place)
    tables = [load(place, sweep, fresh=fresh)[0].frame["state"].item() for fresh in (True, False)]
    return [status.state, *tables]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(HAPPENINGS, max_size=5))
@example([Happening("train", "b", State.PREEMPTED, 8.0), Happening("stop", "a")])
@example([Happening("submit", "a"), Happening("cancel", "a"), Happening("retry", "a")])
@example([Happening("train", "a", State.RUNNING, 8.0)])
@example([Happening("train", kimg=4.0), Happening("broken"), Happening("score")])
@example([Happening("score", kimg=8.0), Happening("train"), Happening("evaluate", "b", State.RUNNING)])
def test_status_and_tables_show_the_same_state_whatever_happens(
    store: Store, shared: RunDir, events: list[Happening]
) -> None:
    kept = shared.path.with_name("kept")
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(shared.path, kept)
    shutil.rmtree(shared.path / "attempts")
    try:
        for event in events:
            happens(shared, event)
        for sweep in ("a", "b"):
            status, *tables = shown(store, shared, sweep)
            assert tables == [status, status], sweep
    finally:
        shutil.rmtree(shared.path)
        kept.rename(shared.path)


MARKED: dict[str, Callable[[RunDir], object]] = {
    "stopped": lambda run: stop(run, "a", "worse than the median"),
    "cancelled": lambda run: cancel(run, "a"),
}


@pytest.mark.parametrize("state", MARKED)
def test_a_mark_that_changes_no_row_is_in_the_next_table(store: Store, shared: RunDir, state: str) -> None:
    attempted(shared, "a", State.PREEMPTED, 5.0)
    assert shown(store, shared, "a") == ["preempted"] * 3
    MARKED[state](shared)
    assert shown(store, shared, "a") == [state] * 3
    assert shown(store, shared, "b") == ["done"] * 3
    retry(shared, "a")
    assert shown(store, shared, "a") == ["preempted"] * 3


def test_a_mark_with_a_name_that_no_sweep_has_is_none(store: Store, shared: RunDir) -> None:
    attempted(shared, "a", State.PREEMPTED, 5.0)
    for name in (os.fsdecode(b"\xff"), "two\nlines"):
        replace_file(shared.path / "stops" / f"{name}.json", "damaged")
    assert shown(store, shared, "a") == ["preempted"] * 3


def test_a_stopped_run_has_the_reason_in_its_table(store: Store, shared: RunDir) -> None:
    attempted(shared, "a", State.PREEMPTED, 5.0, message="asked to stop")
    stop(shared, "a", "worse than the median")
    runs, _ = load(ResultStore(store.root), "a", fresh=True)
    assert list(runs.frame["message"]) == ["worse than the median"]


def test_a_trial_done_for_a_shorter_sweep_is_short_in_a_longer_one(store: Store, shared: RunDir) -> None:
    attempted(shared, "b", State.DONE, 4.0, horizon_kimg=4.0)
    assert (shown(store, shared, "a"), shown(store, shared, "b")) == (["short"] * 3, ["done"] * 3)


@pytest.mark.parametrize(("sweep", "state", "message"), [("a", "failed", "out of memory"), ("b", "preempted", "")])
def test_words_about_the_failure_of_one_sweep_are_not_in_the_table_of_another(
    store: Store, shared: RunDir, sweep: str, state: str, message: str
) -> None:
    shutil.rmtree(shared.path / "attempts")
    attempted(shared, "a", State.FAILED, 1.0, message="out of memory")
    collect(ResultStore(store.root))
    (row,) = load(ResultStore(store.root), sweep)[0].frame.to_dict("records")
    assert (row["state"], row["message"]) == (state, message)
