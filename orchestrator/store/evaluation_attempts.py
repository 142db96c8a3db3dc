"""Evaluation attempts of a trial: requested metrics, how they ended, recorded metrics."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from trainer.config.job import Job, Work, read_job
from trainer.errors import ExitCode
from trainer.record import RunDir, State
from trainer.recording.attempt_history import AttemptSummary, requested_by

Recorded = frozenset[tuple[str, int]]
"""Names of recorded metrics and probes, with their evaluation seeds; 0 for probes."""


class Evaluations(NamedTuple):
    """The evaluation attempts after the last training: consecutive failures and stalls, and the last ending.

    `last` is None if there were none.
    """

    last: State | None = None
    failures: int = 0
    stalls: int = 0
    retryable: bool = True
    message: str = ""


NO_EVALUATIONS = Evaluations()


def work_of(run: RunDir, attempt: int) -> Work:
    """Return the kind of work of an attempt."""
    job = read_job(run.job(attempt))
    return job.work if job else "train"


def evaluations(attempts: Iterable[tuple[AttemptSummary, bool]]) -> Evaluations:
    """Summarise evaluation attempts; those before a retry (the second value) do not count as failures."""
    found = NO_EVALUATIONS
    for attempt, is_retried in attempts:
        cancelled = attempt.cancelled_by is not None and not is_retried
        state = State.CANCELLED if cancelled else attempt.state or State.LOST
        if state is State.DONE or is_retried:
            found = Evaluations(state)
            continue
        failed = state is State.FAILED
        retryable = not failed or attempt.exit_code != ExitCode.USER_ERROR
        found = Evaluations(state, found.failures + failed, found.stalls + 1, retryable, attempt.message)
    return found


def requested_names(job: Job) -> frozenset[str]:
    """Return the names of the metrics and probes that an attempt should record."""
    return frozenset(name for name, *_ in requested_by(job))


def known_snapshots(run: RunDir, rows: Iterable[Mapping[str, Any]]) -> dict[float, Recorded]:
    """Return the recorded metrics and probes of every snapshot, by kimg."""
    kept = run.kept_snapshots()
    known: dict[int, set[tuple[str, int]]] = {images: set() for images in kept}
    for row in rows if kept else ():
        known.get(round(row["kimg"] * 1000), set()).add((row["metric"], row.get("seed") or 0))
    for name, images in run.probed() if kept else ():
        known.get(images, set()).add((name, 0))
    return {images / 1000: frozenset(numbers) for images, numbers in known.items()}
