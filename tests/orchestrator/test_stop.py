"""Rules that stop runs early: which runs they stop, and how stopped runs are handled."""

import json
import math
from collections.abc import Callable

import pytest

from orchestrator.dispatch.early_stopping import Stopper
from orchestrator.errors import SweepError
from orchestrator.plan.decide import Action, Rules, decide_one
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed, observe_run
from orchestrator.store.requests import retry, stop
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.stop_rules import Asha, CurvesByTrial, DivergedRule, Median, verdict
from tests.orchestrator.attempts import new_attempt, new_trial
from tests.support.tiny_sweep import SWEEP
from trainer.config.stored import EvaluationMoments
from trainer.files import append_lines
from trainer.record import State
from trainer.recording.requests import stops
from trainer.recording.sweep_state import Desired

Read = Callable[..., Sweep]


def curves(*scores: list[float]) -> CurvesByTrial:
    """Return curves a, b, c, ... with a score every 4 kimg."""
    return {
        chr(97 + index): {4.0 * (1 + at): score for at, score in enumerate(one)} for index, one in enumerate(scores)
    }


def hit(rule: Median | Asha | DivergedRule, scores: CurvesByTrial) -> set[str]:
    return {trial for trial in scores if verdict([rule], trial, scores)}


def test_the_median_rule_stops_what_is_worse_than_half_of_the_others() -> None:
    assert hit(Median(), curves([9], [8], [7], [1])) == {"a", "b"}
    assert hit(Median(), curves([9, 2], [8, 8], [7, 7], [1, 1])) == {"b", "c"}


def test_the_median_rule_waits_for_enough_others_and_for_its_time() -> None:
    assert hit(Median(others=4), curves([9], [8], [7], [1])) == set()
    assert hit(Median(from_kimg=8), curves([9], [8], [7], [1])) == set()


def test_a_run_that_is_behind_is_judged_by_what_the_others_had_at_that_time() -> None:
    assert hit(Median(), curves([5], [6, 1], [6, 1], [6, 1])) == set()


def test_asha_lets_the_best_of_each_rung_continue() -> None:
    assert hit(Asha(), curves([5], [4], [3], [2], [1], [6])) == {"a", "b", "c", "f"}
    assert hit(Asha(), curves([5], [4])) == set()


def test_asha_judges_at_the_highest_rung_that_was_reached() -> None:
    rungs = curves([9, 9, 1], [9, 9, 2], [9, 9, 3], [1])
    assert hit(Asha(first_kimg=4, factor=3), rungs) == {"b", "c"}
    assert "number 3 of 3 at the rung of 12 kimg, 1 continue" in verdict([Asha()], "c", rungs)


def test_asha_compares_scores_at_the_rung_itself() -> None:
    sparse = {5.0: 1.0, 20.0: 1.0}
    rungs = {"a": {4.0: 5.0}, "b": {4.096: 4.0}, "c": {4.0: 3.0}, "sparse": sparse}
    assert hit(Asha(), rungs) == {"a", "b"}
    assert "number 3 of 3" in verdict([Asha()], "a", rungs)


def test_asha_judges_a_run_at_the_last_rung_where_it_was_evaluated() -> None:
    late = {"a": {4.0: 9.0, 13.5: 1.0}, "b": {4.0: 8.0}, "c": {4.0: 7.0}}
    assert "at the rung of 4 kimg" in verdict([Asha()], "a", late)


def test_a_score_that_is_not_a_number_is_the_worst() -> None:
    scores = curves([math.nan], [4], [3])
    assert hit(Asha(), scores) == {"a", "b"}
    assert verdict([DivergedRule()], "a", scores) == "stopped at 4 kimg: the score is no longer a number"


def test_a_run_far_from_its_own_best_has_diverged() -> None:
    assert hit(DivergedRule(), curves([10, 5, 10.5], [10, 5, 9.9])) == {"a"}
    assert hit(DivergedRule(), curves([-10, -4.9], [-10, -5.1])) == {"a"}


def test_without_a_score_no_run_is_stopped() -> None:
    assert verdict([Median(), Asha(), DivergedRule()], "a", {"a": {}, "b": {4.0: 1.0}}) == ""


def test_rules_are_named_alone_or_with_settings(read: Read) -> None:
    spec = read(SWEEP + "stop: [diverged, {type: asha, factor: 2}]\n").spec
    assert spec.stop == [DivergedRule(), Asha(factor=2)]
    assert read(SWEEP + "stop: median\n").spec.stop == [Median()]
    with pytest.raises(SweepError, match=r"14: stop\[1\].*'medain' is not one of: .*did you mean 'median'"):
        read(SWEEP + "stop: [diverged,\n  medain]\n")


def recorded(store: Store, seed: int, *scores: float) -> str:
    run = new_trial(store, seed)
    new_attempt(run)
    for at, score in enumerate(scores):
        append_lines(run.metrics, [{"kimg": 4.0 * (1 + at), "metric": "fid2k-lite0", "value": score}])
    return run.path.name


def test_a_run_stopped_by_a_rule_is_marked_once_with_its_reason(store: Store, read: Read) -> None:
    trials = [recorded(store, seed, 1.0 + seed) for seed in range(4)]
    stopper = Stopper(store, read(SWEEP + "stop: [median]\n"))
    assert stopper.stop(trials, dict.fromkeys(trials, EvaluationMoments(100.0))) == trials[2:]
    assert stopper.stop(trials, dict.fromkeys(trials, EvaluationMoments(100.0))) == []
    assert stops(store.run(trials[3])) == {"test": "stopped at 4 kimg: 4 is worse than the median 2 of 3 others"}


def test_new_rows_are_seen(store: Store, read: Read) -> None:
    trial = recorded(store, 0, 5.0)
    stopper = Stopper(store, read(SWEEP + "stop: [diverged]\n"))
    assert stopper.stop([trial], {trial: EvaluationMoments(100.0)}) == []
    append_lines(store.run(trial).metrics, [{"kimg": 8.0, "metric": "fid2k-lite0", "value": 50.0}])
    assert stopper.stop([trial], {trial: EvaluationMoments(100.0)}) == [trial]


def test_a_stop_is_of_one_sweep_and_can_be_taken_back(store: Store) -> None:
    trial = recorded(store, 0, 5.0)
    stop(store.run(trial), "test", "bad")
    seen = observe_run(store.run(trial), State.LOST, 1e12)
    ours, theirs = (decide_one(Desired(8.0, sweep=name), seen, Rules()) for name in ("test", "other"))
    assert (ours.action, ours.reason, theirs.action) == (Action.STOPPED, "bad", Action.RESUME)
    retry(store.run(trial))
    assert stops(store.run(trial)) == {}


def test_a_trial_that_was_done_despite_a_stop_is_reused() -> None:
    seen = Observed(State.DONE, attempts=1, kimg=8.0, horizon_kimg=8.0, stops={"test": "bad"})
    assert decide_one(Desired(8.0, sweep="test"), seen, Rules()).action is Action.REUSE


def test_a_mark_that_cannot_be_read_still_stops(store: Store) -> None:
    run = store.run(recorded(store, 0, 5.0))
    stop(run, "test", "bad")
    (run.path / "stops" / "test.json").write_text(json.dumps({"attempt": 1})[:-3])
    assert "cannot be read" in stops(run)["test"]
