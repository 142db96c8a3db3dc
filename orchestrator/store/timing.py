"""How long attempts took that were carried out in full: what prices are learned from, and held against."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orchestrator.store.layout import Store, read_job
from trainer.config.job import Job
from trainer.config.stored import rows_in
from trainer.record import RunDir, RunRecord, State, read_record


class Timing(NamedTuple):
    """One attempt that was done. Seconds; `startup` None where it is not known, `passes` one for each evaluation.

    `kimg` is what it trained itself. `seconds` runs from the start of its job to its end, `ended` in Unix seconds.
    """

    trial: str
    job: Job
    kimg: float
    seconds: float
    startup: float | None
    passes: tuple[float, ...]
    ended: float = 0.0

    @property
    def per_kimg(self) -> float | None:
        """Return the seconds of a kimg: training and all that comes with it, but for start-up and evaluations."""
        rest = self.seconds - (self.startup or 0.0) - sum(self.passes)
        return rest / self.kimg if self.kimg > 0 and rest > 0 else None


def timings(store: Store, trials: Iterable[str]) -> Iterator[Timing]:
    """Yield the newest attempt of each of these trials that was done, where it was not stopped by its own results."""
    for trial in trials:
        run = store.run(trial)
        found = next((one for number in reversed(run.attempts()) if (one := _timing(run, number))), None)
        if found:
            yield found


def timings_since(store: Store, trials: Iterable[str], moment: float) -> Iterator[Timing]:
    """Yield the attempts at trials that were submitted since `moment` and are done."""
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
    )


def _startup(record: RunRecord) -> float | None:
    known = record.began is not None and record.ready is not None
    return max((record.ready or 0.0) - (record.began or 0.0), 0.0) if known else None


def _passes(run: RunDir, number: int) -> tuple[float, ...]:
    """Return how long each evaluation of an attempt took: its metrics are measured together, seed by seed."""
    found = {
        (row.get("kimg"), row.get("seed") or 0): float(row["seconds"])
        for row in rows_in(run.metrics)
        if row.get("attempt") == number and isinstance(row.get("seconds"), int | float)
    }
    return tuple(found.values())
