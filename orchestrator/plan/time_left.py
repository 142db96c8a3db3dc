"""The remaining time of trials and sweeps, and actual against expected time of attempts. Values only."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from trainer.config.job import Job
from trainer.record import RunRecord, State

JobAndRecord = tuple[Job | None, RunRecord | None]

LEAST_SHARE = 0.1
"""Share of its estimate that an attempt is still expected to take when it has exceeded it."""


class Compared(NamedTuple):
    """Actual and expected hours of completed attempts; None if there are none."""

    taken: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None


def compared(attempts: Iterable[JobAndRecord]) -> Compared:
    """Return actual against expected time of attempts; those that were cut short do not count."""
    pairs = [
        (record.slot_seconds, job.estimate)
        for job, record in attempts
        if job and record and job.estimate and record.state is State.DONE and not record.diverged
    ]
    if not pairs:
        return Compared()
    taken = sum(seconds for seconds, _ in pairs)
    sums = (sum(getattr(one, name) for _, one in pairs) for name in ("seconds", "low", "high"))
    return Compared(taken / 3600, *(seconds / 3600 for seconds in sums))


def time_left(attempt: JobAndRecord, share_done: float, now: float) -> float | None:
    """Return the remaining seconds of an attempt that has done this share of its training; None if unknown.

    The weight shifts from the estimate to the observed speed as training proceeds. The clock of another host may be
    ahead of `now`: then no speed was observed.
    """
    job, record = attempt
    whole = job.estimate.seconds if job and job.estimate else None
    if record is None or record.state is not State.RUNNING:
        return None if whole is None else whole * (1 - share_done)
    trained = now - (record.started if record.ready is None else record.ready)
    if share_done > 0 and trained <= 0:
        return None if whole is None else whole * (1 - share_done)
    elapsed = max(now - (record.started if record.began is None else record.began), 0.0)
    rest = None if whole is None else max(whole - elapsed, whole * LEAST_SHARE)
    if share_done <= 0 or (share_done >= 1 and rest is not None):
        return rest
    seen = trained / share_done * (1 - share_done)
    return seen if whole is None else (1 - share_done) * whole * (1 - share_done) + share_done * seen


def training_share(record: RunRecord | None, horizon_kimg: float) -> float:
    """Return the share of an attempt's training that is done."""
    if record is None:
        return 0.0
    own = horizon_kimg - record.resumed_from_kimg
    return min(max((record.kimg - record.resumed_from_kimg) / own, 0.0), 1.0) if own > 0 else 1.0


class ToDo(NamedTuple):
    """The remaining seconds of a trial, None if unknown, and the trial that it starts from, if any."""

    seconds: float | None
    source: str = ""


def total_time_left(trials: Mapping[str, ToDo], to_come: Sequence[float], parallel: int) -> float | None:
    """Return the remaining seconds of a sweep with `parallel` trials at a time; unknown ones count as the mean.

    `to_come` has those of trials that are yet to be sampled.
    """
    known = [one.seconds for one in trials.values() if one.seconds is not None]
    if trials and not known and not to_come:
        return None
    positive = [seconds for seconds in (*known, *to_come) if seconds > 0] or [0.0]
    mean = sum(positive) / len(positive)
    sure = {trial: one._replace(seconds=mean if one.seconds is None else one.seconds) for trial, one in trials.items()}
    every = [*(one.seconds or 0.0 for one in sure.values()), *to_come]
    return max(sum(every) / max(parallel, 1), *to_come, *(_in_a_row(trial, sure) for trial in sure), 0.0)


def _in_a_row(trial: str, trials: Mapping[str, ToDo]) -> float:
    """Return the remaining seconds of a trial after those of all that it starts from."""
    seen: set[str] = set()
    seconds = 0.0
    while trial in trials and trial not in seen:
        seen.add(trial)
        seconds, trial = seconds + (trials[trial].seconds or 0.0), trials[trial].source
    return seconds
