"""The attempts at a trial: the sweep, the requested metrics and the ending of each."""

from collections.abc import Iterable
from typing import NamedTuple

from trainer.config.job import Job, Work, read_job
from trainer.config.options import Watch
from trainer.record import RunDir, RunRecord, State, read_record
from trainer.recording.requests import cancelled_by

RequestedNumbers = frozenset[tuple[str, ...]]
"""Metrics, each with its networks, and probes."""


class Kept(NamedTuple):
    """How often an attempt recorded and saved, in kimg, and how much of it is kept."""

    sample_every_kimg: float
    tick_kimg: float
    checkpoint_every_kimg: float
    checkpoints_kept: int
    evaluate_every_kimg: float
    snapshots_kept: str

    @classmethod
    def of(cls, watch: Watch) -> "Kept":
        """Return the intervals of a watch."""
        return cls(*(getattr(watch, name) for name in cls._fields))


class AttemptSummary(NamedTuple):
    """One attempt. `state` is None without a readable record; `began`: its worker started.

    `cancelled_by` is the sweep that cancelled it, "" for all sweeps, None for none. `kept` is None without a readable
    job. `training` is the attempt with which its training began, if another was abandoned then; of an abandoned one,
    nothing is left but how far it had saved, `abandoned_kimg`.
    """

    number: int
    sweep: str = ""
    work: Work = "train"
    requested: RequestedNumbers = frozenset()
    state: State | None = None
    began: bool = True
    from_kimg: float = 0.0
    saved_kimg: float = 0.0
    exit_code: int | None = None
    message: str = ""
    cancelled_by: str | None = None
    kept: Kept | None = None
    training: int = 0
    abandoned_kimg: float = 0.0

    @property
    def was_refused(self) -> bool:
        """Return whether its backend refused it, so that it never ran."""
        return not self.began and self.state is State.LOST and self.exit_code is None


def attempt_history(run: RunDir, numbers: Iterable[int]) -> tuple[AttemptSummary, ...]:
    """Return the attempts of these numbers, in order. Nothing is left of the training of those that were abandoned."""
    firsts = run.first_attempts()
    return tuple(_of_training(_attempted(run, number), firsts) for number in numbers)


def _of_training(attempt: AttemptSummary, firsts: list[int]) -> AttemptSummary:
    """Return an attempt with its training; `firsts` are the attempts with which trainings after the first began."""
    training = max((first for first in firsts if first <= attempt.number), default=0)
    if training == max(firsts, default=0):
        return attempt._replace(training=training)
    return attempt._replace(training=training, from_kimg=0.0, saved_kimg=0.0, abandoned_kimg=attempt.saved_kimg)


def _attempted(run: RunDir, number: int) -> AttemptSummary:
    job, record = read_job(run.job(number)), read_record(run.record(number))
    found = AttemptSummary(number, cancelled_by=cancelled_by(run, number))
    if job:
        found = found._replace(sweep=job.sweep, work=job.work, requested=requested_by(job), kept=Kept.of(job.options))
    return with_record(found, record) if record else found


def with_record(attempt: AttemptSummary, record: RunRecord) -> AttemptSummary:
    """Return an attempt with the fields of its record."""
    return attempt._replace(
        state=record.state,
        began=bool(record.pid),
        from_kimg=record.resumed_from_kimg,
        saved_kimg=saved_kimg(record),
        exit_code=record.exit_code,
        message=record.message,
    )


def requested_by(job: Job) -> RequestedNumbers:
    """Return the metrics and probes that an attempt should record."""
    options = job.options
    networks = options.detector, options.distance
    if job.work == "evaluate":
        return requested(options.metrics, networks, options.probes)
    return requested(options.metrics if options.evaluation == "inline" else (), networks)


def requested(metrics: Iterable[str], networks: tuple[str, str], probes: Iterable[str] = ()) -> RequestedNumbers:
    """Return metrics with their networks (a detector, a distance), and probes."""
    return frozenset((metric, *networks) for metric in metrics) | frozenset((probe,) for probe in probes)


def saved_kimg(record: RunRecord) -> float:
    """Return the training of an attempt that is certainly saved: a worker that stops on request saves first."""
    return record.kimg if record.state in (State.PREEMPTED, State.DONE) else record.resumed_from_kimg
