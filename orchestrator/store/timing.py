"""Durations of completed attempts, from which prices are estimated and with which they are compared."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orchestrator.store.layout import Store
from trainer.config.job import Job, read_job
from trainer.config.stored import TOLERANCE_KIMG, rows_in
from trainer.record import RunDir, RunRecord, State, read_record

LEAST_SECONDS = 1e-6
"""Nothing that a machine does takes less: such times come from clocks that were set."""


class Timing(NamedTuple):
    """A completed attempt. Times in seconds; `startup` is None if unknown; `passes` has one time per evaluation.

    `kimg` is the training of this attempt alone; `seconds` is from the start of its job to its end; `ended` is Unix
    time; `snapshots` is how many of its trial are kept.
    """

    trial: str
    job: Job
    kimg: float
    seconds: float
    startup: float | None
    passes: tuple[float, ...]
    ended: float = 0.0
    snapshots: int = 0

    @property
    def per_probed_snapshot(self) -> float | None:
        """Return the seconds of all probes of one snapshot; None if nothing was probed."""
        rest = self.seconds - (self.startup or 0.0) - sum(self.passes)
        is_probed = self.job.work == "evaluate" and bool(self.job.options.probes)
        return rest / self.snapshots if is_probed and self.snapshots and rest > LEAST_SECONDS else None

    @property
    def per_kimg(self) -> float | None:
        """Return the seconds per kimg without start-up and evaluations; None if nothing was trained."""
        rest = self.seconds - (self.startup or 0.0) - sum(self.passes)
        return rest / self.kimg if self.kimg > TOLERANCE_KIMG and rest > LEAST_SECONDS else None


def timings(store: Store, trials: Iterable[str]) -> Iterator[Timing]:
    """Yield the newest completed attempt of each trial, except those that ended by divergence."""
    for trial in trials:
        run = store.run(trial)
        found = next((one for number in reversed(run.attempts()) if (one := _timing(run, number))), None)
        if found:
            yield found


def timings_since(store: Store, trials: Iterable[str], moment: float) -> Iterator[Timing]:
    """Yield the completed attempts that were submitted since `moment`."""
    for trial in trials:
        run = store.run(trial)
        found = (_timing(run, number) for number in run.attempts())
        yield from (one for one in found if one and one.job.submitted >= moment)


def _timing(run: RunDir, number: int) -> Timing | None:
    record = read_record(run.record(number))
    if record is None or record.state is not State.DONE or record.diverged:
        return None
    job = read_job(run.job(number))
    if job is None:
        return None
    trained = record.kimg - record.resumed_from_kimg if record.work == "train" else 0.0
    return Timing(
        trial=run.path.name,
        job=job,
        kimg=max(trained, 0.0),
        seconds=record.slot_seconds,
        startup=_startup(record),
        passes=_passes(run, number),
        ended=record.updated,
        snapshots=len(run.kept_snapshots()) if job.options.probes else 0,
    )


def _startup(record: RunRecord) -> float | None:
    known = record.began is not None and record.ready is not None
    return max((record.ready or 0.0) - (record.began or 0.0), 0.0) if known else None


def _passes(run: RunDir, number: int) -> tuple[float, ...]:
    """Return the time of each evaluation of an attempt: its metrics are computed together, once per seed."""
    found = {
        (row.get("kimg"), row.get("seed") or 0): float(row["seconds"])
        for training in run.trainings()
        for row in rows_in(training.metrics)
        if row.get("attempt") == number and isinstance(row.get("seconds"), int | float)
    }
    return tuple(found.values())
