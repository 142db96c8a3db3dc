"""What a sweep asks for under `watch` and its shared trials can no longer give.

A trial is shared by all sweeps with its configuration: another one, or this one before `watch` was changed, may have
recorded and saved less often.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from orchestrator.plan.plan import Plan
from orchestrator.store.layout import Store
from orchestrator.store.observe import CHECKPOINT, Observed
from orchestrator.sweep.problem_collector import listed
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import Trial
from trainer.config.stored import is_within, rows_in
from trainer.files import matching
from trainer.record import RunDir, State
from trainer.recording.attempt_history import AttemptSummary, Kept

MOST_MOMENTS = 10_000
SHOWN = 4
RARER = "trained with longer intervals"
FEWER = f"{RARER} or fewer evaluation seeds"


class Lost(NamedTuple):
    """What is missing, at which points of training in kimg, and why."""

    what: str
    moments: tuple[float, ...]
    why: str = RARER


def lost_moments(plan: Plan, store: Store) -> Iterator[str]:
    """Yield what this sweep asks for at points of training that were passed without it, with the cells."""
    cells: dict[Lost, dict[str, None]] = {}
    for trial in plan.trials:
        seen = plan.observed[trial.id]
        if seen.attempts and seen.saved_kimg:
            for lost in _lost(plan.sweep.spec, trial, seen, store.run(trial.id)):
                cells.setdefault(lost, {})[trial.cell] = None
    for (what, moments, why), concerned in cells.items():
        more = f" and at {len(moments) - SHOWN:,} more points" if len(moments) > SHOWN else ""
        at = ", ".join(f"{kimg:g}" for kimg in moments[:SHOWN])
        were = "were" if len(concerned) > 1 else "was"
        yield f"no {what} at {at} kimg{more}: {listed([*concerned])} {were} {why}"


def _lost(spec: SweepSpec, trial: Trial, seen: Observed, run: RunDir) -> Iterator[Lost]:
    wanted = Kept.of(spec.watch)
    evaluations = _evaluations(spec, trial, seen) if spec.metrics else ()
    if evaluations:
        yield Lost(
            _scored(spec), evaluations, f"{RARER if spec.evaluation_seeds == 1 else FEWER} and kept no snapshot there"
        )
    snapshots = _unlike(trial, seen, wanted, "evaluate_every_kimg") if wanted.snapshots_kept == "all" else []
    if gone := [kimg for kimg in snapshots if kimg not in seen.measured.snapshots]:
        yield Lost("snapshot", tuple(gone), f"{RARER} or did not keep all")
    for what, interval, there in (
        ("sheet of samples", "sample_every_kimg", _sheets),
        ("row of p and losses", "tick_kimg", _ticks),
    ):
        if gone := _without(_unlike(trial, seen, wanted, interval), there, run):
            yield Lost(what, tuple(gone))
    is_newest = is_within(seen.saved_kimg, trial.horizon_kimg)  # training on replaces checkpoints
    newest = _unlike(trial, seen, wanted, "checkpoint_every_kimg")[-wanted.checkpoints_kept :] if is_newest else []
    if gone := _without(newest, _checkpoints, run):
        yield Lost("checkpoint", tuple(gone), f"{RARER} or kept fewer")


def _scored(spec: SweepSpec) -> str:
    seeds = f" of {spec.evaluation_seeds} evaluation seeds" if spec.evaluation_seeds > 1 else ""
    return f"{spec.score_name}{seeds}"


def _evaluations(spec: SweepSpec, trial: Trial, seen: Observed) -> tuple[float, ...]:
    """Return the points where a trial was neither evaluated nor can be, whoever trained it."""
    passed, is_done = min(seen.saved_kimg, trial.horizon_kimg), seen.state is State.DONE
    due = _due(trial, spec.watch.evaluate_every_kimg, passed)
    there = _measured(spec, seen) | seen.measured.snapshots.keys()
    return tuple(kimg for kimg in due if kimg not in there and (kimg < passed or (is_done and is_within(kimg, passed))))


def _measured(spec: SweepSpec, seen: Observed) -> frozenset[float]:
    """Return the points where the score was measured with each evaluation seed."""
    there = seen.measured.moments.get(spec.score_name, frozenset())
    further = (seen.measured.by_seed.get((spec.score_name, seed)) for seed in range(1, spec.evaluation_seeds))
    return there.intersection(*(kimgs or frozenset() for kimgs in further))


def _due(trial: Trial, every_kimg: float, passed: float) -> list[float]:
    """Return the points of training where something is due at an interval, up to `passed`."""
    count = min(MOST_MOMENTS, int(passed / every_kimg + 1e-9))
    return [trial.config.whole_iterations(number * every_kimg) for number in range(1, count + 1)]


def _unlike(trial: Trial, seen: Observed, wanted: Kept, interval: str) -> list[float]:
    """Return the points passed by attempts that had another interval, or kept less, than is wanted."""
    attempts = [
        one for one in seen.history if one.work == "train" and one.kept and _gives_less(one.kept, wanted, interval)
    ]
    passed = min(seen.saved_kimg, trial.horizon_kimg)
    due = _due(trial, getattr(wanted, interval), passed) if attempts else []
    return [kimg for kimg in due if any(_passed(one, kimg) for one in attempts)]


def _passed(attempt: AttemptSummary, kimg: float) -> bool:
    return attempt.from_kimg < kimg <= attempt.saved_kimg


def _gives_less(kept: Kept, wanted: Kept, interval: str) -> bool:
    """Return whether an attempt with these intervals may lack what is wanted at one of them."""
    ratio = getattr(wanted, interval) / getattr(kept, interval)
    is_multiple = abs(ratio - round(ratio)) < 1e-9 and ratio > 0.5
    keeps_fewer = interval == "checkpoint_every_kimg" and kept.checkpoints_kept < wanted.checkpoints_kept
    drops_some = interval == "evaluate_every_kimg" and wanted.snapshots_kept != kept.snapshots_kept
    return not is_multiple or keeps_fewer or drops_some


def _without(due: list[float], there: Callable[[RunDir], set[float]], run: RunDir) -> list[float]:
    found = there(run) if due else set()
    return [kimg for kimg in due if kimg not in found]


def _sheets(run: RunDir) -> set[float]:
    numbers = (path.stem.partition("-")[2] for path in matching(run.samples, "fakes-*.png"))
    return {int(number) / 1000 for number in numbers if number.isdecimal()}


def _ticks(run: RunDir) -> set[float]:
    return {row["kimg"] for row in rows_in(run.ticks)}


def _checkpoints(run: RunDir) -> set[float]:
    found = (CHECKPOINT.fullmatch(path.name) for path in matching(run.checkpoints, "ckpt-*"))
    return {int(match[1]) / 1000 for match in found if match}
