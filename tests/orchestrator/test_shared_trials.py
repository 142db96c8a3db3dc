"""Several sweeps in one store: what one sweep does with a shared trial does not affect the others."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.errors import ScoreError
from analysis.results.load import load
from analysis.results.run_state import each_due
from analysis.tables.store import ResultStore
from orchestrator.cli import main
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.plan.decide import Action, Rules, decide, decide_one
from orchestrator.plan.plan_document import write_plan
from orchestrator.plan.plan_file import read_plan
from orchestrator.plan.status import as_json, sweep_status
from orchestrator.plan.sweep_view import sweep_view
from orchestrator.recorders.tags import tags_by_trial
from orchestrator.store.layout import Store
from orchestrator.store.observe import observe, observe_run
from orchestrator.store.requests import cancel, retry, stop
from orchestrator.store.scores import score_curve, score_of
from tests.orchestrator.attempts import new_trial
from trainer.config.batch_schedule import BatchSchedule
from trainer.config.job import Job, Work
from trainer.config.options import RunOptions
from trainer.config.stored import EvaluationMoments
from trainer.files import append_lines, read_lines, replace_file
from trainer.record import RunDir, RunRecord, State
from trainer.recording.fence import Fence
from trainer.recording.set_aside import set_aside
from trainer.recording.sweep_state import Desired, wanted_of_plan

NOW = 1e9
FID = "fid2k-lite0"
A, B = Desired(8.0, ("fid2k",), sweep="a"), Desired(4.0, ("fid2k",), sweep="b")


@pytest.fixture
def run(store: Store) -> RunDir:
    return new_trial(store)


def attempted(
    run: RunDir,
    sweep: str,
    state: State,
    kimg: float,
    work: Work = "train",
    metrics: tuple[str, ...] = ("fid2k",),
    **more: object,
) -> None:
    """Add an attempt for a sweep that ended in this state."""
    number = max(run.attempts(), default=0) + 1
    start = max((observe_run(run, None, NOW).saved_kimg, 0.0)) if number > 1 else 0.0
    options = RunOptions(horizon_kimg=8, data_path=Path("d"), cache_dir=Path("c"), metrics=metrics)
    job = Job(attempt=number, token=number, options=options, sweep=sweep, work=work)
    replace_file(run.job(number), job.model_dump_json())
    base = {"attempt": number, "state": state, "kimg": kimg, "horizon_kimg": 8, "started": 0, "updated": 1, "host": "h"}
    record = RunRecord.model_validate({**base, "pid": 1, "work": work, "resumed_from_kimg": start, **more})
    replace_file(run.record(number), record.model_dump_json())


def scored(run: RunDir, *scores: tuple[float, float], seed: int = 0, metric: str = FID) -> None:
    """Add values that the last attempt has measured."""
    about = {"metric": metric, "identity": f"of-{seed}", "basis": "of-all", "seed": seed, "time": 1.0}
    about["attempt"] = max(run.attempts(), default=1)
    append_lines(run.metrics, [{"kimg": kimg, "value": value, **about} for kimg, value in scores])


def action(run: RunDir, want: Desired) -> Action:
    return decide_one(want, observe_run(run, None, NOW), Rules()).action


def state(run: RunDir, want: Desired) -> State:
    return sweep_view(want, observe_run(run, None, NOW)).state


def test_scores_beyond_a_sweeps_horizon_are_not_its_own(run: RunDir) -> None:
    scored(run, (2.0, 9.0), (4.0, 7.0), (8.0, 1.0))
    assert score_curve(run, FID, EvaluationMoments(4.0)) == {2.0: 9.0, 4.0: 7.0}
    assert score_of(run, FID, EvaluationMoments(4.0)) == (7.0, 7.0)
    assert score_of(run, FID, EvaluationMoments(8.0)) == (1.0, 1.0)


def test_what_is_not_finite_is_not_a_best_score(run: RunDir) -> None:
    scored(run, (2.0, float("nan")), (4.0, 7.0), (8.0, float("nan")))
    found = score_of(run, FID, EvaluationMoments(8.0))
    assert (repr(found.last), found.best) == ("nan", 7.0)


def test_evaluation_seeds_that_another_sweep_has_asked_for_are_not_in_a_sweeps_means(run: RunDir) -> None:
    attempted(run, "b", State.DONE, 4.0)
    scored(run, (4.0, 7.0))
    attempted(run, "a", State.DONE, 4.0, "evaluate")
    scored(run, (4.0, 1.0), seed=1)
    assert score_curve(run, FID, EvaluationMoments(8.0), "b", 1) == {4.0: 7.0}
    assert score_curve(run, FID, EvaluationMoments(8.0), "a", 1) == {4.0: 4.0}
    assert score_curve(run, FID, EvaluationMoments(8.0), "b", 2) == {4.0: 4.0}
    assert score_of(run, FID, EvaluationMoments(8.0), "b", 1) == (7.0, 7.0)


def test_evaluation_seeds_that_a_sweep_has_asked_for_itself_are_in_its_means(run: RunDir) -> None:
    attempted(run, "b", State.DONE, 4.0)
    scored(run, (4.0, 7.0), (4.0, 1.0))
    attempted(run, "b", State.DONE, 4.0, "evaluate")
    scored(run, (4.0, 3.0), seed=1)
    assert score_curve(run, FID, EvaluationMoments(8.0), "b", 1) == {4.0: 2.0}


def test_moments_at_which_another_sweep_has_evaluated_are_not_in_a_sweeps_curve(run: RunDir) -> None:
    attempted(run, "a", State.DONE, 8.0)
    scored(run, (1.024, 1.0), (2.016, 9.0), (3.008, 2.0), (4.0, 7.0), (5.0, 3.0), (8.0, 8.0))
    every_two = EvaluationMoments(5.0, 2.0, 32)
    assert score_curve(run, FID, every_two, "b") == {2.016: 9.0, 4.0: 7.0, 5.0: 3.0}
    assert score_of(run, FID, every_two, "b") == (3.0, 3.0)
    assert score_curve(run, FID, every_two, "a").keys() == {1.024, 2.016, 3.008, 4.0, 5.0}
    assert score_curve(run, FID, EvaluationMoments(5.0), "b").keys() == {1.024, 2.016, 3.008, 4.0, 5.0}


@given(
    every=st.sampled_from([0.1, 0.5, 1.0, 3.0, 4.0]),
    batch=st.sampled_from([1, 8, 32, 64]),
    horizon=st.integers(1, 40),
    iteration=st.integers(1, 2000),
)
def test_a_moment_belongs_to_a_sweep_if_its_own_training_would_evaluate_there(
    every: float, batch: int, horizon: int, iteration: int
) -> None:
    schedule, kimg = BatchSchedule.constant(batch), iteration * batch / 1000
    end = schedule.end_of_iteration(horizon * 1000) / 1000
    due = (max(number * every * 1000, 1) for number in range(1, int(kimg / every) + 2))
    is_asked = kimg in {schedule.end_of_iteration(images) / 1000 for images in due} or kimg == end
    assert EvaluationMoments(end, every, batch).include(kimg) == is_asked
    assert each_due(np.array([kimg]), np.array([end]), every, np.array([float(batch)])).tolist() == [is_asked]


def test_a_sweep_that_has_all_it_wants_does_not_wait_for_another_that_trains_on(run: RunDir) -> None:
    scored(run, (4.0, 7.0))
    attempted(run, "b", State.DONE, 4.0)
    attempted(run, "a", State.RUNNING, 6.0)
    assert action(run, B) is Action.REUSE
    assert state(run, B) is State.DONE


def test_a_sweep_is_not_done_if_another_has_started_its_trial_over_and_come_less_far(run: RunDir) -> None:
    scored(run, (4.0, 7.0))
    attempted(run, "b", State.DONE, 4.0)
    set_aside(run, 2, Fence(run.lease, 2))
    attempted(run, "a", State.PREEMPTED, 2.0, resumed_from_kimg=0.0)
    assert action(run, B) is Action.RESUME
    assert state(run, B) is State.PREEMPTED


@pytest.mark.parametrize(("sweep", "expected"), [("b", Action.LEAVE), ("a", Action.REUSE)])
def test_a_sweep_waits_for_the_end_of_its_own_evaluation_alone(run: RunDir, sweep: str, expected: Action) -> None:
    scored(run, (4.0, 7.0))
    attempted(run, "a", State.DONE, 8.0)
    attempted(run, sweep, State.RUNNING, 8.0, "evaluate")
    assert decide_one(B, observe_run(run, State.RUNNING, NOW), Rules()).action is expected


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED, State.LOST, State.PREEMPTED])
def test_how_training_ended_beyond_a_sweeps_horizon_does_not_concern_it(run: RunDir, end: State) -> None:
    scored(run, (4.0, 7.0))
    attempted(run, "b", State.DONE, 4.0)
    attempted(run, "a", end, 6.0, exit_code=2, message="out of memory")
    assert action(run, B) is Action.REUSE
    assert state(run, B) is State.DONE


def test_a_run_that_diverged_beyond_a_sweeps_horizon_is_done_for_it(run: RunDir) -> None:
    scored(run, (4.0, 7.0))
    attempted(run, "a", State.DONE, 6.0, diverged=True, message="diverged at 6 kimg")
    decision = decide_one(B, observe_run(run, None, NOW), Rules())
    assert (decision.action, decision.reason) == (Action.REUSE, "done at 8 kimg")
    assert "diverged" in decide_one(A, observe_run(run, None, NOW), Rules()).reason


def test_the_failures_of_one_sweep_block_it_alone(run: RunDir) -> None:
    attempted(run, "a", State.FAILED, 1.0, exit_code=1, message="nan")
    attempted(run, "a", State.FAILED, 1.0, exit_code=1, message="nan")
    assert action(run, A) is Action.BLOCKED
    assert (action(run, B), state(run, B)) == (Action.RESUME, State.PREEMPTED)


def test_an_evaluation_that_failed_blocks_what_was_asked_of_it_alone(run: RunDir) -> None:
    scored(run, (4.0, 7.0))
    run.snapshots.mkdir()
    run.snapshot(4000).touch()
    attempted(run, "b", State.DONE, 4.0)
    attempted(run, "a", State.FAILED, 4.0, "evaluate", ("kid2k",), exit_code=2, message="no such detector")
    asks_kid, asks_is = Desired(4.0, ("kid2k",), sweep="a"), Desired(4.0, ("is2k",), sweep="b")
    assert action(run, asks_kid) is Action.BLOCKED
    assert action(run, asks_is) is Action.EVALUATE
    assert action(run, Desired(4.0, ("is2k",), sweep="a")) is Action.EVALUATE


def test_what_was_measured_only_beyond_the_horizon_is_missing(run: RunDir) -> None:
    scored(run, (8.0, 1.0))
    attempted(run, "a", State.DONE, 8.0)
    decision = decide_one(B, observe_run(run, None, NOW), Rules())
    assert (decision.action, decision.is_incomplete) == (Action.REUSE, True)
    assert "no snapshot up to 4 kimg to measure fid2k" in decision.reason
    assert action(run, A) is Action.REUSE


def test_a_sweep_is_cancelled_for_itself_and_stays_so(run: RunDir) -> None:
    attempted(run, "a", State.PREEMPTED, 1.0)
    assert cancel(run, "a") is True
    assert (action(run, A), action(run, B)) == (Action.BLOCKED, Action.RESUME)
    attempted(run, "b", State.PREEMPTED, 2.0)
    assert (action(run, A), action(run, B)) == (Action.BLOCKED, Action.RESUME)
    retry(run, "b")
    assert action(run, A) is Action.BLOCKED
    retry(run, "a")
    assert action(run, A) is Action.RESUME


def test_a_cancelled_sweep_stays_so_where_another_has_trained_less_than_it_wants(run: RunDir) -> None:
    attempted(run, "a", State.PREEMPTED, 1.0)
    cancel(run, "a")
    attempted(run, "b", State.DONE, 4.0, horizon_kimg=4)
    scored(run, (4.0, 7.0))
    assert (action(run, A), state(run, A)) == (Action.BLOCKED, State.CANCELLED)
    assert action(run, B) is Action.REUSE
    attempted(run, "c", State.DONE, 8.0)
    scored(run, (8.0, 7.0))
    assert action(run, A) is Action.REUSE


def test_evaluation_seeds_that_nobody_measured_are_missing(run: RunDir) -> None:
    attempted(run, "a", State.DONE, 8.0)
    scored(run, (4.0, 7.0), (8.0, 1.0))
    decision = decide_one(replace(B, evaluation_seeds=3), observe_run(run, None, NOW), Rules())
    assert (decision.action, decision.is_incomplete) == (Action.REUSE, True)
    assert "no snapshot up to 4 kimg to measure fid2k with 3 evaluation seeds" in decision.reason
    for seed in (1, 2):
        scored(run, (4.0, 7.0), seed=seed)
    assert not decide_one(replace(B, evaluation_seeds=3), observe_run(run, None, NOW), Rules()).is_incomplete


def test_a_plan_says_where_evaluation_seeds_are_missing(store: Store, sweep_file: Callable[[str], Path]) -> None:
    text = SWEEP.format(name="b", horizon=4) + "watch: {evaluate_every_kimg: 2}\nevaluation_seeds: 2\n"
    file = sweep_file(text)
    (trial,) = plan_sweep(store, Request(file)).trials
    store.create_trial(trial)
    run = store.run(trial.id)
    attempted(run, "b", State.DONE, 4.0)
    scored(run, (2.0, 9.0), (4.0, 7.0))
    scored(run, (4.0, 8.0), seed=1)
    (told,) = [line for line in plan_sweep(store, Request(file)).cautions if line.startswith("no ")]
    assert told.startswith("no fid2k-lite0 of 2 evaluation seeds at 2 kimg: ")


def test_the_strength_of_augmentation_is_shown_after_an_evaluation(store: Store, shared: RunDir) -> None:
    attempted(shared, "b", State.DONE, 4.0, horizon_kimg=4, resumed_from_kimg=0, p=0.25, r_t=0.5)
    attempted(shared, "a", State.DONE, 4.0, "evaluate", ("kid2k",))
    plan = read_plan(store, "b")
    (status,) = sweep_status(store, plan, observe(store, plan.trials, {}), Rules())
    assert (status.p, status.r_t) == (0.25, 0.5)


def test_the_strength_of_augmentation_is_shown_after_an_attempt_that_never_began(store: Store, shared: RunDir) -> None:
    attempted(shared, "b", State.DONE, 4.0, horizon_kimg=4, resumed_from_kimg=0, p=0.25, r_t=0.5)
    attempted(shared, "a", State.CANCELLED, 4.0, resumed_from_kimg=0, pid=0, exit_code=75)
    plan = read_plan(store, "b")
    (status,) = sweep_status(store, plan, observe(store, plan.trials, {}), Rules())
    assert (status.state, status.p, status.r_t) == ("done", 0.25, 0.5)


def test_what_another_sweep_measured_otherwise_beyond_the_horizon_is_not_compared(store: Store, shared: RunDir) -> None:
    (*_, last) = read_lines(shared.metrics)
    append_lines(shared.metrics, [last | {"kimg": 8.0, "value": 1.0, "identity": "other-0", "basis": "other-all"}])
    runs, curves = load(ResultStore(store.root), "b", fresh=True)
    assert (runs.frame["best"].tolist(), curves.score.identity) == ([7.0], "of-0")
    with pytest.raises(ScoreError, match="values of different identities cannot be compared"):
        load(ResultStore(store.root), "a", fresh=True)


def test_why_a_run_diverged_is_no_metric_of_another_sweep(store: Store, shared: RunDir) -> None:
    scored(shared, (2.0, float("nan")), metric="kid2k-lite0")
    scored(shared, (3.0, float("nan")))
    runs, _ = load(ResultStore(store.root), "b", fresh=True)
    assert runs.frame[["state", "diverged_kimg", "diverged_because"]].to_numpy().tolist() == [
        ["diverged", 3.0, "fid2k-lite0 is nan"]
    ]


def test_cancelling_a_sweep_leaves_what_runs_for_another(run: RunDir) -> None:
    attempted(run, "b", State.RUNNING, 1.0)
    assert cancel(run, "a") is False
    assert not (run.attempt(1) / "cancel").exists()


def test_a_trial_cancelled_by_its_id_is_cancelled_for_all(run: RunDir) -> None:
    attempted(run, "a", State.PREEMPTED, 1.0)
    cancel(run)
    assert (action(run, A), action(run, B)) == (Action.BLOCKED, Action.BLOCKED)
    retry(run)
    assert (action(run, A), action(run, B)) == (Action.RESUME, Action.RESUME)


def test_a_submission_that_was_refused_is_not_an_attempt(run: RunDir) -> None:
    attempted(run, "a", State.LOST, 0.0, pid=0, message="could not be submitted: no such partition")
    seen = observe_run(run, None, NOW)
    assert (seen.attempts, action(run, A)) == (0, Action.NEW)
    attempted(run, "a", State.DONE, 8.0)
    assert observe_run(run, None, NOW).attempts == 1


class Event(NamedTuple):
    """Something that sweep `a` has done to a trial."""

    kind: str
    state: State
    kimg: float
    exit_code: int


EVENTS = st.builds(
    Event,
    st.sampled_from(["train", "evaluate", "cancel", "stop", "retry", "score", "seeds", "diverge"]),
    st.sampled_from([State.DONE, State.FAILED, State.CANCELLED, State.PREEMPTED, State.LOST]),
    st.sampled_from([1.0, 4.0, 5.0, 8.0]),
    st.sampled_from([1, 2, 70]),
)


def happens(run: RunDir, event: Event) -> None:
    if event.kind in ("train", "evaluate"):
        work: Work = "train" if event.kind == "train" else "evaluate"
        attempted(run, "a", event.state, event.kimg, work, ("kid2k",), exit_code=event.exit_code)
    elif event.kind == "score":
        scored(run, (event.kimg + 4.0, 0.1))
    elif event.kind == "seeds":
        attempted(run, "a", event.state, 4.0, "evaluate", exit_code=event.exit_code)
        scored(run, (min(event.kimg, 4.0), 0.1), seed=1)
    elif event.kind == "diverge":
        attempted(run, "a", event.state, 4.0, "evaluate", ("kid2k",), exit_code=event.exit_code)
        scored(run, (min(event.kimg, 4.0), float("nan")), metric="kid2k-lite0")
    elif event.kind == "stop":
        stop(run, "a", "worse")
    else:
        (cancel if event.kind == "cancel" else retry)(run, "a")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, max_size=6))
def test_whatever_one_sweep_does_to_a_trial_that_is_done_for_another_it_stays_done(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event]
) -> None:
    run = new_trial(Store(tmp_path_factory.mktemp("store")))
    attempted(run, "b", State.DONE, 4.0)
    scored(run, (4.0, 7.0))
    for event in events:
        happens(run, event)
    assert (action(run, B), state(run, B)) == (Action.REUSE, State.DONE)
    assert score_of(run, FID, EvaluationMoments(B.horizon_kimg), "b", 1) == (7.0, 7.0)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, max_size=6))
def test_whatever_one_sweep_does_to_a_trial_it_is_never_blocked_or_stopped_for_another(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event]
) -> None:
    run = new_trial(Store(tmp_path_factory.mktemp("store")))
    run.snapshots.mkdir()
    run.snapshot(4000).touch()
    for event in events:
        happens(run, event)
    assert action(run, B) in (Action.NEW, Action.RESUME, Action.EXTEND, Action.EVALUATE, Action.REUSE)
    assert state(run, B) not in (State.FAILED, State.CANCELLED)


SWEEP = """\
sweep: {name}
base: {{preset: tiny32, data: tiny, batch: 20, micro_batch: 20}}
horizon_kimg: {horizon}
metrics: [fid2k]
"""


@pytest.fixture
def shared(store: Store, sweep_file: Callable[[str], Path]) -> RunDir:
    """The one trial of the sweeps `a` (to 8 kimg) and `b` (to 4), done for `b`."""
    for name, horizon in (("a", 8), ("b", 4)):
        plan = plan_sweep(store, Request(sweep_file(SWEEP.format(name=name, horizon=horizon))))
        write_plan(store, plan)
    store.create_trial(plan.trials[0])
    run = store.run(plan.trials[0].id)
    attempted(run, "b", State.DONE, 4.0)
    scored(run, (2.0, 9.0), (4.0, 7.0))
    return run


def seen_by_b(store: Store) -> tuple[object, ...]:
    """Return everything shown of sweep `b`: its status, table, curve, tags, and what `run` would do."""
    plan = read_plan(store, "b")
    seen = observe(store, plan.trials, {})
    (status,) = as_json(sweep_status(store, plan, seen, Rules()))
    facts_of_the_trial = {"attempts", "hours"}
    runs, curves = load(ResultStore(store.root), "b", fresh=True)
    row = runs.frame[["state", "kimg", "best", "best_kimg", "last", "diverged"]].to_dict("records")
    (tags,) = tags_by_trial(store).values()
    wanted = wanted_of_plan(plan)
    decided = [decision.action for decision in decide(wanted, seen, Rules()).values()]
    return (
        {key: value for key, value in status.items() if key not in facts_of_the_trial},
        row,
        repr(curves.scores),
        tags["sweep.b"],
        tags["cell"],
        decided,
    )


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(EVENTS, max_size=5))
def test_whatever_one_sweep_does_the_other_shows_what_it_showed(
    store: Store, shared: RunDir, events: list[Event]
) -> None:
    kept = shared.path.with_name("kept")
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(shared.path, kept)
    before = seen_by_b(store)
    for event in events:
        happens(shared, event)
    try:
        assert seen_by_b(store) == before
    finally:
        shutil.rmtree(shared.path)
        kept.rename(shared.path)


def test_a_trial_is_found_by_its_id_in_capitals(store: Store, shared: RunDir) -> None:
    assert store.find(shared.path.name[:8].upper()) == shared.path.name


def test_the_best_score_of_a_sweep_is_at_a_moment_of_its_own(store: Store, shared: RunDir) -> None:
    before = seen_by_b(store)
    attempted(shared, "a", State.DONE, 4.0, "evaluate")
    scored(shared, (3.0, 1.0))
    assert seen_by_b(store) == before
    (status,) = sweep_status(store, read_plan(store, "a"), observe(store, [shared.path.name], {}), Rules())
    assert status.score_best == 1.0


@pytest.mark.parametrize("name", ["002", "003.beyond"])
def test_why_says_what_no_longer_counts(
    store: Store, shared: RunDir, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    folder = shared.set_aside / name
    folder.mkdir(parents=True)
    assert main(["why", shared.path.name, "--store", str(store.root)]) == 0
    assert f"set aside, no longer counts: {folder}\n" in capfd.readouterr().out
