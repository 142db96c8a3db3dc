"""Evaluations that a sweep asks for and that its shared trials can no longer give."""

from collections.abc import Iterator

from orchestrator.plan.plan import Plan
from orchestrator.store.observe import Observed
from orchestrator.sweep.problem_collector import listed
from orchestrator.sweep.trial import Trial
from trainer.config.stored import is_within
from trainer.record import State

MOST_MOMENTS = 10_000
SHOWN = 4


def lost_evaluations(plan: Plan) -> Iterator[str]:
    """Yield the points of training that were passed without the evaluation that this sweep asks for, with the cells.

    A trial is shared by all sweeps with its configuration: another one, or this one before `watch` was changed, may
    have evaluated it less often. What has a snapshot can still be measured.
    """
    spec = plan.sweep.spec
    if not spec.metrics:
        return
    score, every_kimg = spec.score_name, spec.watch.evaluate_every_kimg
    cells: dict[tuple[float, ...], dict[str, None]] = {}
    for trial in plan.trials:
        lost = _lost(trial, plan.observed[trial.id], score, every_kimg)
        if lost:
            cells.setdefault(lost, {})[trial.cell] = None
    for moments, concerned in cells.items():
        more = f" and at {len(moments) - SHOWN:,} more points" if len(moments) > SHOWN else ""
        at = ", ".join(f"{kimg:g}" for kimg in moments[:SHOWN])
        why = "were trained with longer intervals and keep no snapshot there"
        yield f"no {score} at {at} kimg{more}: {listed([*concerned])} {why}"


def _lost(trial: Trial, seen: Observed, score: str, every_kimg: float) -> tuple[float, ...]:
    """Return the points, in kimg, where a trial was neither evaluated nor can be."""
    passed, is_done = min(seen.saved_kimg, trial.horizon_kimg), seen.state is State.DONE
    if not seen.attempts or not passed:
        return ()
    count = min(MOST_MOMENTS, int(passed / every_kimg + 1e-9))
    due = (trial.config.whole_iterations(number * every_kimg) for number in range(1, count + 1))
    there = seen.measured.moments.get(score, frozenset()) | seen.measured.snapshots.keys()
    return tuple(kimg for kimg in due if kimg not in there and (kimg < passed or (is_done and is_within(kimg, passed))))
