"""Evaluation jobs in a trial's files: what they were to measure, how they ended, what is measured."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from orchestrator.store.attempt_history import AttemptSummary, requested_by
from orchestrator.store.layout import read_job
from trainer.config.job import Job, Work
from trainer.errors import ExitCode
from trainer.record import RunDir, State

Recorded = frozenset[tuple[str, int]]
"""Names of metrics and probes with the evaluation seeds that they are recorded for; 0 for probes."""


class Evaluations(NamedTuple):
    """The evaluation attempts after the last training: how many in a row failed or got nowhere, and how it ended.

    `last` is None where there were none.
    """

    last: State | None = None
    failures: int = 0
    stalls: int = 0
    retryable: bool = True
    message: str = ""


NO_EVALUATIONS = Evaluations()


def work_of(run: RunDir, attempt: int) -> Work:
    """Return what an attempt was to do."""
    job = read_job(run.job(attempt))
    return job.work if job else "train"


def evaluations(attempts: Iterable[tuple[AttemptSummary, bool]]) -> Evaluations:
    """Return how evaluation attempts went; those that are forgiven (the second value) do not count as failures."""
    found = NO_EVALUATIONS
    for attempt, forgiven in attempts:
        cancelled = attempt.cancelled_by is not None and not forgiven
        state = State.CANCELLED if cancelled else attempt.state or State.LOST
        if state is State.DONE or forgiven:
            found = Evaluations(state)
            continue
        failed = state is State.FAILED
        retryable = not failed or attempt.exit_code != ExitCode.USER_ERROR
        found = Evaluations(state, found.failures + failed, found.stalls + 1, retryable, attempt.message)
    return found


def requested_names(job: Job) -> frozenset[str]:
    """Return the names of the metrics and probes that an attempt is to leave numbers of."""
    return frozenset(name for name, *_ in requested_by(job))


def known_snapshots(run: RunDir, rows: Iterable[Mapping[str, Any]]) -> dict[float, Recorded]:
    """Return by kimg what is known of every kept snapshot: recorded names with their seeds, and names of probes."""
    kept = run.kept_snapshots()
    known: dict[int, set[tuple[str, int]]] = {images: set() for images in kept}
    for row in rows if kept else ():
        known.get(round(row["kimg"] * 1000), set()).add((row["metric"], row.get("seed") or 0))
    for name, images in run.probed() if kept else ():
        known.get(images, set()).add((name, 0))
    return {images / 1000: frozenset(numbers) for images, numbers in known.items()}
