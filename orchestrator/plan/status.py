"""The status of each trial of a sweep."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.plan.decide import SETTLED, Action, Decision, Rules, decide, is_silent, silence
from orchestrator.plan.plan_file import dependents_of_plan
from orchestrator.plan.sources import UNNEEDED, held_back
from orchestrator.plan.sweep_view import sweep_view
from orchestrator.plan.time_left import JobAndRecord, ToDo, compared, time_left, total_time_left, training_share
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed
from orchestrator.store.scores import score_of
from orchestrator.store.starting_point import kept_snapshots
from trainer.config.claims.grammar import is_measured
from trainer.config.job import read_job
from trainer.config.plan_file import PlanFile, PlannedRun, PlannedSource
from trainer.config.stored import EvaluationMoments, is_within, rows_in
from trainer.record import RunDir, RunRecord, State, read_record
from trainer.recording.sweep_state import ACTIVE, DIVERGED, SHORT, Desired, state_label, wanted_of_plan


@dataclass(frozen=True)
class TrialStatus:
    """The status of one run of a sweep. `wrong` describes its problem, or is empty; `ops` names its operations.

    `left_seconds` is the remaining time; None if unknown. `timed_hours` is the actual time of completed attempts, for
    which `expected_hours` were expected, between `expected_low_hours` and `expected_high_hours`. `source` is the trial
    that it starts from, or empty.
    """

    trial: str
    cell: str
    seed: int
    state: str
    kimg: float
    horizon_kimg: float
    score: str
    score_last: float | None
    score_best: float | None
    p: float | None
    r_t: float | None
    images_per_second: float | None
    attempts: int
    hours: float
    joules: float | None
    host: str
    doing: str
    wrong: str
    ops: str = ""
    left_seconds: float | None = None
    timed_hours: float | None = None
    expected_hours: float | None = None
    expected_low_hours: float | None = None
    expected_high_hours: float | None = None
    source: str = ""

    @property
    def is_over(self) -> bool:
        """Return whether this sweep does nothing more for the run."""
        return self.left_seconds == 0


class _Controls(NamedTuple):
    """The last recorded augmentation strength and speed of a run."""

    p: float | None = None
    r_t: float | None = None
    images_per_second: float | None = None


def trial_status(
    store: Store, planned: PlannedRun, score: str, want: Desired, seen: Observed, decision: Decision
) -> TrialStatus:
    """Return the status of one cell of a plan at one seed, up to the sweep's horizon; `seen` is its `sweep_view`."""
    run = store.run(planned.trial)
    attempts = _attempts(run, planned.horizon_kimg)
    records = [record for _, record in attempts if record]
    times = compared(attempts)
    last = _controls(run, records, planned.horizon_kimg)
    moments = EvaluationMoments(planned.horizon_kimg, want.evaluate_every_kimg, planned.batch)
    found = score_of(run, score, moments, want.sweep, want.evaluation_seeds)
    return TrialStatus(
        trial=planned.trial,
        cell=planned.cell,
        seed=planned.seed,
        state=_state(want, seen, decision),
        kimg=min(seen.kimg, planned.horizon_kimg),
        horizon_kimg=planned.horizon_kimg,
        score=score,
        score_last=found.last,
        score_best=found.best,
        **last._asdict(),
        attempts=seen.attempts,
        hours=sum(record.slot_seconds for record in records) / 3600,
        joules=_joules(records),
        host=seen.host,
        doing=decision.reason if decision.action is Action.WAIT or decision == UNNEEDED else _doing(seen, records),
        wrong=_wrong(seen, decision) or _broken(want, seen),
        ops=next((record.ops for record in reversed(records) if record.work == "train"), ""),
        left_seconds=_left(planned, attempts, seen.kimg, decision),
        timed_hours=times.taken,
        expected_hours=times.expected,
        expected_low_hours=times.low,
        expected_high_hours=times.high,
        source=planned.start.trial if planned.start else "",
    )


def _state(want: Desired, seen: Observed, decision: Decision) -> str:
    if decision.action is Action.WAIT:
        return "waiting"
    if decision == UNNEEDED and not seen.attempts:
        return "unneeded"
    label = state_label(want, seen)
    return DIVERGED if label in (State.DONE, SHORT) and _broken(want, seen) else label


def _broken(want: Desired, seen: Observed) -> str:
    """Return where a metric that the sweep asks for is not a number, or nothing."""
    within = [
        (kimg, f"{name} is not a number at {kimg:g} kimg")
        for (name, seed), kimg in seen.measured.broken.items()
        if is_within(kimg, want.horizon_kimg) and seed < want.evaluation_seeds
        if not want.metrics or is_measured(name, want.metrics)
    ]
    return min(within, default=(0.0, ""))[1]


def _doing(seen: Observed, records: Sequence[RunRecord]) -> str:
    return records[-1].doing if records and seen.state in ACTIVE else ""


def _left(planned: PlannedRun, attempts: Sequence[JobAndRecord], kimg: float, decision: Decision) -> float | None:
    """Return the remaining seconds: of the attempt that is under way, else of what the plan expects; 0 if over."""
    if decision.action in SETTLED:
        return 0.0
    job, record = attempts[-1] if attempts else (None, None)
    if job and (record is None or record.state is State.RUNNING):
        share = training_share(record, job.options.horizon_kimg) if job.work == "train" else 0.0
        return time_left((job, record), share, time.time())
    expected, to_train = planned.expected_seconds, max(planned.horizon_kimg - kimg, 0.0)
    return None if expected is None else expected * to_train / planned.horizon_kimg or None


def _attempts(run: RunDir, horizon_kimg: float) -> list[JobAndRecord]:
    """Return job and record of the attempts that concern a trial up to a horizon."""
    pairs = [(read_job(run.job(number)), read_record(run.record(number))) for number in run.attempts()]
    return [(job, record) for job, record in pairs if record is None or _concerns(record, horizon_kimg)]


def _concerns(record: RunRecord, horizon_kimg: float) -> bool:
    return record.work == "evaluate" or record.resumed_from_kimg < horizon_kimg


def _controls(run: RunDir, records: list[RunRecord], horizon_kimg: float) -> _Controls:
    trained = [record for record in records if record.work == "train" and record.pid]
    last = trained[-1] if trained else None
    if last is None or is_within(last.kimg, horizon_kimg):
        return _Controls(last.p, last.r_t, last.images_per_second) if last else _Controls()
    ticks = [row for row in rows_in(run.ticks) if is_within(row["kimg"], horizon_kimg)]
    tick = max(ticks, key=lambda row: row["kimg"], default={})
    return _Controls(**{name: tick.get(name) for name in _Controls._fields})


def sweep_status(store: Store, plan: PlanFile, observed: Mapping[str, Observed], rules: Rules) -> list[TrialStatus]:
    """Return the status of every cell of a stored plan."""
    wanted = wanted_of_plan(plan)
    decisions = decisions_of_plan(store, plan, observed, rules)
    views = {trial: sweep_view(want, observed[trial]) for trial, want in wanted.items()}
    return [
        trial_status(
            *(store, run, score_of_run(run, plan.score or "")),
            *(wanted[run.trial], views[run.trial], decisions[run.trial]),
        )
        for run in plan.runs
    ]


def sweep_time_left(statuses: Sequence[TrialStatus], to_come: Sequence[float], parallel: int) -> float | None:
    """Return the remaining seconds of a sweep; trials that have not begun take as much more as completed ones did."""
    trials = {status.trial: status for status in statuses}
    pace = _pace(trials.values())
    to_do = {trial: ToDo(_at_pace(status, pace), status.source) for trial, status in trials.items()}
    return total_time_left(to_do, [seconds * pace for seconds in to_come], parallel)


def _pace(statuses: Iterable[TrialStatus]) -> float:
    """Return the actual over the expected time of completed attempts; 1 without any."""
    timed = [(one.timed_hours, one.expected_hours) for one in statuses if one.timed_hours and one.expected_hours]
    return sum(taken for taken, _ in timed) / sum(expected for _, expected in timed) if timed else 1.0


def _at_pace(status: TrialStatus, pace: float) -> float | None:
    if status.left_seconds is None or status.attempts:
        return status.left_seconds
    return status.left_seconds * pace


def score_of_run(run: PlannedRun, score: str) -> str:
    """Return the metric that ranks a run: that of its own sweep, or that of the plan."""
    return run.score if isinstance(run, PlannedSource) else score


def decisions_of_plan(
    store: Store, plan: PlanFile, observed: Mapping[str, Observed], rules: Rules
) -> dict[str, Decision]:
    """Return what the next run of a stored plan would do about each trial that was observed, sources with it."""
    dependents = [one for one in dependents_of_plan(plan) if one.trial in observed]
    wanted = {trial: want for trial, want in wanted_of_plan(plan).items() if trial in observed}
    sources = {source.trial for source in plan.sources}
    kept = kept_snapshots(store, (one.start for one in dependents))
    return held_back(decide(wanted, observed, rules), sources, dependents, observed, kept)


def as_json(statuses: Iterable[TrialStatus]) -> list[dict[str, Any]]:
    """Return statuses as plain values, for `adasweep status --json`."""
    return [asdict(status) for status in statuses]


def attempts_of(store: Store, trial: str) -> list[tuple[Path, RunRecord | None]]:
    """Return the directory and the record of every attempt at a trial; only the last one can be running."""
    run, numbers = store.run(trial), store.run(trial).attempts()
    records = [read_record(run.record(number)) for number in numbers]
    ended = [_as_lost(record) for record in records[:-1]] + records[-1:]
    return [(run.attempt(number), record) for number, record in zip(numbers, ended, strict=True)]


def _as_lost(record: RunRecord | None) -> RunRecord | None:
    lost = record is not None and record.state is State.RUNNING
    return record.model_copy(update={"state": State.LOST}) if record and lost else record


def _joules(records: list[RunRecord]) -> float | None:
    measured = [record.energy.joules for record in records if record.energy.joules is not None]
    return sum(measured) if measured else None


def _wrong(seen: Observed, decision: Decision) -> str:
    if seen.diverged or decision.is_incomplete or decision.action in (Action.BLOCKED, Action.STOPPED):
        return decision.reason
    if seen.state is State.RUNNING and seen.beat_age_seconds and seen.beat_age_seconds > 300:
        return f"no heartbeat for {seen.beat_age_seconds:.0f} s"
    if is_silent(seen):
        return silence(seen)
    ended_early = seen.state in (State.FAILED, State.LOST, State.PREEMPTED)
    return decision.reason if ended_early and decision.action is not Action.REUSE else ""
