"""Actual against estimated times of attempts, and the remaining times of trials and sweeps."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.display.duration import span, took
from orchestrator.display.progress import sweep_summary
from orchestrator.display.trial_table import against_expected, summary_line
from orchestrator.plan.decide import RULES
from orchestrator.plan.overhead import OVERHEAD_SECONDS, overhead_of
from orchestrator.plan.plan_file import read_plan
from orchestrator.plan.status import TrialStatus, sweep_status, sweep_time_left
from orchestrator.plan.time_left import Compared, ToDo, compared, time_left, total_time_left, training_share
from orchestrator.store.layout import Store
from orchestrator.store.observe import observe
from orchestrator.store.sweep_runs import append_run, recent_runs, run_of
from orchestrator.store.timing import Timing, timings, timings_since
from tests.orchestrator.attempts import new_attempt, new_trial
from tests.orchestrator.test_progress import STATUS
from tests.orchestrator.test_shared_trials import shared as shared
from trainer.config.job import Estimate, Job
from trainer.config.options import RunOptions
from trainer.files import append_lines, replace_file
from trainer.record import RunDir, RunRecord, State

OPTIONS = RunOptions(horizon_kimg=2.0, data_path=Path("d"), cache_dir=Path("c"), metrics=("fid2k",))
ESTIMATE = Estimate(seconds=100, low=50, high=200, plain=80, kind="history", made=5.0)
JOB = Job(attempt=1, token=1, options=OPTIONS, estimate=ESTIMATE, submitted=6.0)


def record(**changes: object) -> RunRecord:
    usual = {"attempt": 1, "state": State.DONE, "kimg": 2.0, "horizon_kimg": 2.0, "host": "h", "pid": 1}
    times = {"began": 1000.0, "started": 1010.0, "ready": 1020.0, "updated": 1140.0}
    return RunRecord.model_validate({**usual, **times, **changes})


def test_only_complete_attempts_are_compared_with_their_estimates() -> None:
    expected = Compared(140 / 3600, 100 / 3600, 50 / 3600, 200 / 3600)
    assert compared([(JOB, record())]) == pytest.approx(expected)
    assert compared([(JOB, record()), (JOB, record(state=State.PREEMPTED))]) == pytest.approx(expected)
    for cut_short in (record(state=State.FAILED), record(diverged=True), None):
        assert compared([(JOB, cut_short)]) == Compared()
    assert compared([(JOB.model_copy(update={"estimate": None}), record())]) == Compared()


def test_an_attempt_of_an_earlier_version_counts_from_when_its_worker_started() -> None:
    assert record(began=None).slot_seconds == 130.0


def test_what_is_left_goes_by_the_estimate_first_and_by_the_pace_in_the_end() -> None:
    def left(kimg: float, now: float, job: Job = JOB) -> float | None:
        running = record(state=State.RUNNING, kimg=kimg)
        return time_left((job, running), training_share(running, 2.0), now)

    assert left(0.0, 1030.0) == 70.0
    assert left(0.0, 1500.0) == 10.0
    assert left(1.0, 1220.0) == pytest.approx(0.5 * 100 * 0.5 + 0.5 * 200)
    assert left(1.8, 1020 + 900) == pytest.approx(91.0)
    assert left(2.0, 1050.0) == 50.0
    assert left(0.0, 500.0) == 100.0
    assert left(0.5, 500.0) == 75.0
    unknown = JOB.model_copy(update={"estimate": None})
    assert left(0.0, 1030.0, unknown) is None
    assert left(0.5, 500.0, unknown) is None
    assert left(1.0, 1220.0, unknown) == 200.0


def test_what_waits_takes_what_was_expected_of_it() -> None:
    assert time_left((JOB, None), 0.0, 0.0) == 100.0
    assert time_left((JOB, record(state=State.PREEMPTED)), 0.25, 0.0) == 75.0


def test_a_sweep_takes_as_long_as_its_slots_need_and_as_its_longest_run() -> None:
    def left(*seconds: float | None, parallel: int, to_come: Sequence[float] = ()) -> float | None:
        return total_time_left({str(place): ToDo(one) for place, one in enumerate(seconds)}, to_come, parallel)

    assert left(10.0, 10.0, 10.0, 10.0, parallel=2) == 20.0
    assert left(90.0, 10.0, parallel=2) == 90.0
    assert left(20.0, None, 0.0, parallel=1) == 40.0
    assert left(None, parallel=1) is None
    assert left(0.0, 0.0, parallel=1) == 0.0
    assert left(parallel=1) == 0.0
    assert left(10.0, parallel=2, to_come=[10.0, 40.0]) == 40.0
    assert left(10.0, None, parallel=1, to_come=[30.0]) == 60.0


def test_a_sweep_takes_as_long_as_its_longest_chain_of_sources() -> None:
    chain = {"a": ToDo(10.0), "b": ToDo(20.0, "a"), "c": ToDo(30.0, "b"), "d": ToDo(20.0, "a"), "e": ToDo(1.0, "gone")}
    assert total_time_left(chain, [], 4) == 60.0
    assert total_time_left(chain, [], 1) == 81.0
    assert total_time_left({**chain, "a": ToDo(0.0)}, [], 4) == 50.0
    assert total_time_left({"a": ToDo(10.0, "b"), "b": ToDo(20.0, "a")}, [], 2) == 30.0


def waiting(trial: int, **changes: Any) -> TrialStatus:
    usual = {"state": "waiting", "kimg": 0.0, "attempts": 0, "left_seconds": 100.0, "timed_hours": None}
    return replace(STATUS, trial=f"{trial:012x}", **{**usual, **changes})


def test_what_waits_does_not_shrink_with_what_runs_and_takes_the_pace_of_what_is_done() -> None:
    running = waiting(0, state="running", attempts=1, left_seconds=1.0)
    assert sweep_time_left([running, waiting(1), waiting(2)], (), 1) == 201.0
    done = waiting(3, state="done", attempts=1, left_seconds=0.0, timed_hours=0.2, expected_hours=0.1)
    assert sweep_time_left([done, running, waiting(1), waiting(2)], (50.0,), 1) == 1.0 + 2 * (200.0 + 50.0)


def test_a_trial_that_another_sweep_completed_is_not_over_and_takes_what_its_plan_expects(
    store: Store, shared: RunDir
) -> None:
    options = OPTIONS.model_copy(update={"horizon_kimg": 4.0})
    replace_file(shared.job(1), JOB.model_copy(update={"options": options, "sweep": "b"}).model_dump_json())
    replace_file(shared.record(1), record(kimg=4.0, horizon_kimg=4.0).model_dump_json())
    left = {name: left_of(store, name) for name in ("a", "b")}
    expected = read_plan(store, "a").cells[0].expected_seconds
    assert expected
    assert left == {"a": pytest.approx(expected / 2), "b": 0.0}


def left_of(store: Store, sweep: str) -> float | None:
    plan = read_plan(store, sweep)
    (status,) = sweep_status(store, plan, observe(store, plan.trials, {}), RULES)
    return status.left_seconds


def test_a_trial_that_never_began_takes_what_its_plan_expects(store: Store, shared: RunDir) -> None:
    shutil.rmtree(shared.path / "attempts")
    assert left_of(store, "a") == read_plan(store, "a").cells[0].expected_seconds


def test_cells_that_share_a_trial_wait_for_it_once() -> None:
    assert sweep_time_left([waiting(1), waiting(1), waiting(1)], (), 2) == 100.0


def test_status_and_run_tell_the_same_time_that_is_left() -> None:
    statuses = [waiting(0, state="running", attempts=1), waiting(1), waiting(2), waiting(3)]
    assert "about 3.3 min left" in sweep_summary(statuses, (), 2)
    assert "about 3.3 min left" in summary_line(statuses, 2)


def finished(store: Store, seed: int) -> RunDir:
    run = new_trial(store, seed)
    number = new_attempt(run).attempt
    replace_file(run.job(number), JOB.model_copy(update={"attempt": number}).model_dump_json())
    replace_file(run.record(number), record(attempt=number).model_dump_json())
    rows = [
        {"metric": name, "kimg": kimg, "value": 1.0, "seconds": 15.0}
        for kimg in (1.0, 2.0)
        for name in ("fid2k", "kid2k")
    ]
    append_lines(run.metrics, [{"attempt": number, **row} for row in rows])
    return run


def test_a_timing_tells_start_up_evaluations_and_training_apart(store: Store) -> None:
    run = finished(store, 0)
    (timing,) = timings(store, [run.path.name])
    assert (timing.kimg, timing.seconds, timing.startup, timing.passes) == (2.0, 140.0, 20.0, (15.0, 15.0))
    assert timing.per_kimg == pytest.approx((140 - 20 - 30) / 2)
    replace_file(run.record(1), record(state=State.FAILED).model_dump_json())
    assert list(timings(store, [run.path.name])) == []


def test_what_running_a_sweep_took_is_kept_beside_what_was_expected(store: Store) -> None:
    trials = [finished(store, seed).path.name for seed in (0, 1)]
    assert list(timings_since(store, trials, 7.0)) == []
    run = run_of(list(timings_since(store, trials, 5.0)), "local", ESTIMATE.model_copy(update={"made": 985.0}), 1150.0)
    assert run is not None
    assert (run.attempts, run.seconds, run.around) == (2, 165.0, 25.0)
    assert took(run) == "took 2.8 min; expected: 1.7 min (50 s to 3.3 min)"
    append_run(store, "demo", run)
    append_lines(store.plan("demo").with_name("runs.jsonl"), [{"ended": "never"}])
    assert recent_runs(store, "local") == [run]
    assert recent_runs(store, "slurm") == []
    assert run_of([], "local", ESTIMATE, 1150.0) is None


def test_what_comes_around_attempts_is_learned_from_earlier_sweeps() -> None:
    first = overhead_of([], 0.0)
    assert first == pytest.approx((OVERHEAD_SECONDS, OVERHEAD_SECONDS / 3, OVERHEAD_SECONDS * 3), rel=0.01)
    attempt = Timing("0123456789ab", JOB, 2.0, 100.0, 20.0, (), ended=1100.0)
    runs = [run_of([attempt], "local", ESTIMATE.model_copy(update={"made": 970.0}), 1110.0 + n) for n in range(4)]
    learned = overhead_of([run for run in runs if run], 0.0)
    assert learned.seconds == pytest.approx(41, abs=1)
    assert learned.high < 3 * learned.seconds
    assert overhead_of([], 60.0).seconds == pytest.approx(OVERHEAD_SECONDS + 60)


def test_status_says_what_was_taken_and_expected_counting_shared_trials_once() -> None:
    status = replace(STATUS, timed_hours=2.0, expected_hours=1.5, expected_low_hours=1.0, expected_high_hours=3.0)
    assert against_expected([status, status]) == ["1 trial took 2.0 h in all; expected: 1.5 h (60 min to 3.0 h)"]
    assert against_expected([STATUS]) == []


@pytest.mark.parametrize(
    ("low", "high", "text"), [(420, 600, "7 to 10 min"), (40, 120, "40 s to 2 min"), (5, 5.1, "5 s")]
)
def test_ranges_of_time_name_a_common_unit_once(low: float, high: float, text: str) -> None:
    assert span(low, high) == text
