"""Actual times of the attempts and runs of a sweep, against the estimates of its plan."""

from collections.abc import Iterator, Sequence

from analysis.tables.attempts import SECONDS_PER_HOUR
from analysis.tables.store import ResultStore
from trainer.config.job import Estimate, Job
from trainer.config.plan_file import PlanFile
from trainer.config.stored import read_document
from trainer.config.sweep_run import RUNS_FILE, sweep_runs
from trainer.record import RunDir, State, read_record

HEADINGS = ("what", "attempts", "hours", "expected", "from", "to", "within range")

TimedAttempt = tuple[float, Estimate]
"""Seconds that an attempt took, and its estimate."""


def rows_of(store: ResultStore, plan: PlanFile) -> list[list[str]]:
    """Return a row for each cell with complete attempts, and one for all of them."""
    by_cell: dict[str, list[TimedAttempt]] = {}
    for cell in dict.fromkeys(run.cell for run in plan.cells):
        trials = dict.fromkeys(run.trial for run in plan.cells if run.cell == cell)
        found = [one for trial in trials for one in timed_attempts(store.run(trial), plan.sweep)]
        if found:
            by_cell[cell] = found
    every = [one for trial in plan.trials for one in timed_attempts(store.run(trial), plan.sweep)]
    rows = [_row(cell, found) for cell, found in by_cell.items()]
    return [*rows, _row("all", every)] if len(rows) > 1 else rows


def runs_of(store: ResultStore, sweep: str) -> list[list[str]]:
    """Return a row for each complete run of the sweep, timed from its plan to the end of recording."""
    found = sweep_runs(store.plan(sweep).with_name(RUNS_FILE))
    return [_row(f"run {number}", [(run.seconds, run.estimate)], run.attempts) for number, run in enumerate(found, 1)]


def timed_attempts(run: RunDir, sweep: str) -> Iterator[TimedAttempt]:
    """Yield the complete attempts of a sweep at a trial that had an estimate."""
    for number in run.attempts():
        record = read_record(run.record(number))
        if record is None or record.state is not State.DONE or record.diverged:
            continue
        job = _job(run, number)
        if job and job.sweep == sweep and job.estimate:
            yield record.slot_seconds, job.estimate


def _job(run: RunDir, number: int) -> Job | None:
    return read_document(run.job(number), Job)


def _row(what: str, timed: Sequence[TimedAttempt], attempts: int | None = None) -> list[str]:
    within = sum(estimate.low <= seconds <= estimate.high for seconds, estimate in timed)
    sums = [sum(seconds for seconds, _ in timed)]
    sums += [sum(getattr(estimate, name) for _, estimate in timed) for name in ("seconds", "low", "high")]
    hours = [f"{seconds / SECONDS_PER_HOUR:.3g}" for seconds in sums]
    return [what, str(len(timed) if attempts is None else attempts), *hours, f"{within} of {len(timed)}"]
