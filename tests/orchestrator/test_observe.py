import os
import time
from pathlib import Path

import pytest

from orchestrator.store.attempt_state import NoProgress, derived, stuck
from orchestrator.store.lease import acquire
from orchestrator.store.observe import observe_run
from orchestrator.store.requests import cancel, retry
from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.files import append_lines, replace_file
from trainer.record import RunDir, RunRecord, State
from trainer.recording.attempt_history import AttemptSummary, with_record
from trainer.recording.fence import Fence
from trainer.recording.set_aside import set_aside

NOW = 1_000_000.0


def record(state: State, kimg: float = 1.0, start: float = 0.0, updated: float = NOW, **more: object) -> RunRecord:
    base = {"attempt": 1, "state": state, "kimg": kimg, "horizon_kimg": 8, "started": 0, "updated": updated}
    return RunRecord.model_validate({**base, "host": "h", "pid": 1, "resumed_from_kimg": start, **more})


def attempt(run: RunDir, number: int, content: RunRecord | None, age: float = 1000.0) -> None:
    options = RunOptions(horizon_kimg=8, data_path=Path("d"), cache_dir=Path("c"))
    replace_file(run.job(number), Job(attempt=number, token=1, options=options).model_dump_json())
    os.utime(run.job(number), (time.time() - age,) * 2)
    if content:
        replace_file(run.record(number), content.model_copy(update={"attempt": number}).model_dump_json())


@pytest.mark.parametrize(
    ("found", "held", "job", "age", "state"),
    [
        (None, True, None, 99, State.RUNNING),
        (record(State.RUNNING, updated=0), True, State.LOST, 99, State.RUNNING),
        (record(State.RUNNING), None, None, 99, State.RUNNING),
        (record(State.RUNNING, updated=NOW - 999), None, None, 99, State.LOST),
        (record(State.RUNNING, updated=NOW + 60), None, None, 99, State.RUNNING),
        (record(State.RUNNING, updated=NOW + 7200), None, None, 99, State.LOST),
        (record(State.RUNNING), False, None, 99, State.LOST),
        (record(State.RUNNING), False, State.PENDING, 99, State.PENDING),
        (None, None, State.PENDING, 99, State.PENDING),
        (None, None, State.RUNNING, 99, State.PENDING),
        (None, None, State.CANCELLED, 99, State.PREEMPTED),
        (None, None, None, 3, State.PENDING),
        (None, None, None, -3, State.PENDING),
        (None, None, None, -7200, State.LOST),
        (None, None, None, 99, State.LOST),
        (None, False, State.LOST, 3, State.LOST),
    ],
)
def test_state_of_an_attempt_without_a_last_word(
    found: RunRecord | None, held: bool | None, job: State | None, age: float, state: State
) -> None:
    assert derived(found, held, job, age, NOW) is state


P, L, F = State.PREEMPTED, State.LOST, State.FAILED


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([record(F)], NoProgress(1, 1)),
        ([record(F), record(F)], NoProgress(2, 2)),
        ([record(F), record(F, 5.0, start=2.0)], NoProgress(1, 1)),
        ([record(L), record(L), None], NoProgress(0, 3)),
        ([record(P, 1.0), record(P, 2.0, start=1.0), record(P, 3.0, start=2.0)], NoProgress(0, 1)),
        ([record(P, 1.0), record(P, 1.0, pid=0), record(P, 1.0, pid=0)], NoProgress(0, 1)),
        ([record(F), record(P, 4.0)], NoProgress(0, 1)),
    ],
)
def test_attempts_that_got_no_further_are_counted(records: list[RunRecord | None], expected: NoProgress) -> None:
    assert stuck(with_record(AttemptSummary(0), one) if one else AttemptSummary(0) for one in records) == expected


Attempted = tuple[int, RunRecord]
"""The attempt with which a training began, and the record of one of its attempts."""


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([(1, record(P, 1.0)), (1, record(P, 2.0, start=1.0)), (3, record(L))], NoProgress(0, 2)),
        ([(1, record(F)), (1, record(P, 4.0)), (1, record(F, start=4.0)), (4, record(L))], NoProgress(1, 3)),
        ([(1, record(P, 4.0)), (2, record(P, 1.0)), (2, record(P, 2.0, start=1.0))], NoProgress(0, 1)),
        ([(1, record(L)), (2, record(L)), (3, record(L))], NoProgress(0, 3)),
        ([(1, record(P, 4.0)), (2, record(P, 3.0)), (3, record(P, 2.0))], NoProgress(0, 1)),
    ],
)
def test_a_trial_that_starts_over_counts_from_its_last_progress(
    tmp_path: Path, attempts: list[Attempted], expected: NoProgress
) -> None:
    run = RunDir(tmp_path)
    for number, (first, content) in enumerate(attempts, 1):
        if number == first:
            set_aside(run, number, Fence(run.lease, number))
        append_lines(run.ticks, [{"attempt": number, "kimg": content.kimg}])
        attempt(run, number, content)
    seen = observe_run(run, None, NOW)
    assert (seen.failures, seen.stalls) == expected


def test_a_trial_without_attempts_was_never_run(tmp_path: Path) -> None:
    assert observe_run(RunDir(tmp_path), None, NOW).attempts == 0


def test_an_attempt_that_is_waiting_shows_how_far_the_one_before_came(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    attempt(run, 1, record(State.DONE, 8.0))
    attempt(run, 2, None)
    seen = observe_run(run, State.PENDING, time.time())
    assert (seen.state, seen.kimg, seen.attempts) == (State.PENDING, 8.0, 2)


def test_a_living_lease_is_a_running_trial(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    attempt(run, 1, None)
    lease = acquire(run.path)
    assert observe_run(run, None, time.time()).state is State.RUNNING
    lease.release()
    assert observe_run(run, None, time.time()).state is State.LOST


def test_a_cancelled_trial_stays_so_until_it_is_retried(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    attempt(run, 1, record(State.PREEMPTED))
    cancel(run)
    assert observe_run(run, None, NOW).state is State.CANCELLED
    retry(run)
    seen = observe_run(run, None, NOW)
    assert (seen.state, seen.retried, seen.failures) == (State.PREEMPTED, True, 0)


def test_done_is_done_even_when_cancelled_too_late(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    attempt(run, 1, record(State.DONE, 8.0))
    cancel(run)
    assert observe_run(run, None, NOW).state is State.DONE


def test_a_torn_line_and_a_half_written_record_are_skipped(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    attempt(run, 1, record(State.DONE, 8.0))
    append_lines(run.metrics, [{"metric": "fid2k-lite0", "kimg": 8.0, "value": 3.0, "seconds": 2.0}])
    with run.metrics.open("a") as file:
        file.write('{"metric": "kid2k-lite0", "kim')
    assert observe_run(run, None, NOW).measured.metrics == {"fid2k-lite0": 8.0}
    run.record(1).write_text('{"attempt": 1, "sta')
    assert observe_run(run, None, time.time()).state is State.LOST
