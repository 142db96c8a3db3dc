"""The status of each trial of a sweep, in numbers and in words."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestrator.plan.decide import Action, Decision, Rules, decide_one
from orchestrator.plan.outlook import Attempt, compared, left_of, share_of
from orchestrator.plan.plan_file import wanted_of_plan
from orchestrator.store.layout import Store, read_job
from orchestrator.store.observe import Observed
from orchestrator.store.scores import score_of
from trainer.config.plan_file import PlanFile, PlannedRun
from trainer.record import RunRecord, State, read_record

SETTLED = frozenset({Action.REUSE, Action.BLOCKED, Action.STOPPED})
"""Nothing more will be done about a trial."""


@dataclass(frozen=True)
class TrialStatus:
    """One run of a sweep. `wrong` says what is the matter, in words; empty when all is well.

    `left_seconds` is how long it takes yet; None where nobody knows. `timed_hours` is what its attempts took that were
    carried out in full, of which `expected_hours` were expected, between `expected_low_hours` and the high.
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
    left_seconds: float | None = None
    timed_hours: float | None = None
    expected_hours: float | None = None
    expected_low_hours: float | None = None
    expected_high_hours: float | None = None

    @property
    def is_over(self) -> bool:
        """Return whether nothing more is to come of it in this sweep."""
        return self.left_seconds == 0


def trial_status(store: Store, planned: PlannedRun, score: str, seen: Observed, decision: Decision) -> TrialStatus:
    """Return the status of one cell of a plan at one seed."""
    run = store.run(planned.trial)
    attempts = [(read_job(run.job(number)), read_record(run.record(number))) for number in run.attempts()]
    records = [record for _, record in attempts if record]
    times = compared(attempts)
    last = records[-1] if records else None
    found = score_of(run, score)
    return TrialStatus(
        trial=planned.trial,
        cell=planned.cell,
        seed=planned.seed,
        state=state_in_a_word(seen, decision),
        kimg=seen.kimg,
        horizon_kimg=planned.horizon_kimg,
        score=score,
        score_last=found.last,
        score_best=found.best,
        p=last.p if last else None,
        r_t=last.r_t if last else None,
        images_per_second=last.images_per_second if last else None,
        attempts=seen.attempts,
        hours=sum(record.slot_seconds for record in records) / 3600,
        joules=_joules(records),
        host=seen.host,
        doing=last.doing if last else "",
        wrong=_wrong(seen, decision),
        left_seconds=_left(attempts, decision),
        timed_hours=times.taken,
        expected_hours=times.expected,
        expected_low_hours=times.low,
        expected_high_hours=times.high,
    )


def _left(attempts: Sequence[Attempt], decision: Decision) -> float | None:
    if decision.action in SETTLED:
        return 0.0
    if not attempts:
        return None
    job, record = attempts[-1]
    trains = job is not None and job.work == "train"
    share = share_of(record, job.options.horizon_kimg) if job and trains else 0.0
    return left_of((job, record), share, time.time())


def state_in_a_word(seen: Observed, decision: Decision) -> str:
    """Return where a trial stands in a sweep: its state; `new` before its first attempt, `stopped` by a rule."""
    if decision.action is Action.STOPPED:
        return "stopped"
    return seen.state.value if seen.attempts else "new"


def sweep_status(store: Store, plan: PlanFile, observed: Mapping[str, Observed], rules: Rules) -> list[TrialStatus]:
    """Return the status of every cell of a stored plan."""
    decisions = {trial: decide_one(want, observed[trial], rules) for trial, want in wanted_of_plan(plan).items()}
    return [trial_status(store, run, plan.score or "", observed[run.trial], decisions[run.trial]) for run in plan.cells]


def as_json(statuses: Iterable[TrialStatus]) -> list[dict[str, Any]]:
    """Return statuses as plain values: the stable form of `adasweep status --json`."""
    return [asdict(status) for status in statuses]


def attempts_of(store: Store, trial: str) -> list[tuple[Path, RunRecord | None]]:
    """Return the directory and the record of every attempt at a trial. One that others followed runs no more."""
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
    if seen.diverged or decision.action in (Action.BLOCKED, Action.STOPPED):
        return decision.reason
    if seen.state is State.RUNNING and seen.beat_age_seconds and seen.beat_age_seconds > 300:
        return f"no heartbeat for {seen.beat_age_seconds:.0f} s"
    ended_early = seen.state in (State.FAILED, State.LOST, State.PREEMPTED)
    return decision.reason if ended_early and decision.action is not Action.REUSE else ""
