"""The cost of each attempt at a trial: time, devices, energy, and the part of its work that is in the result."""

import math
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from analysis.tables.jsonl_rows import lines, unreadable_note
from analysis.tables.schema import Row
from analysis.tables.store import folder_note
from trainer.config.job import Resources, Work
from trainer.config.spec import NonNegative, Positive
from trainer.config.stored import Malformed, read_document
from trainer.errors import ExitCode
from trainer.record import RunDir, RunRecord, State, read_record

JOULES_PER_KWH = 3.6e6
SECONDS_PER_HOUR = 3600.0
UNFINISHED = frozenset({State.FAILED, State.CANCELLED})


class AttemptRow(NamedTuple):
    """One attempt that started; a row of the table `attempts`.

    `used`: the part of its work (0 to 1) that later attempts or the result are built on. `device_watts`: the nominal
    power of a device of its node, if the backend's profile says it. It trained from `from_kimg` to `to_kimg`, or its
    `work` was to evaluate.
    """

    trial: str
    number: int
    sweep: str
    state: State
    seconds: float
    training_seconds: float
    metrics_seconds: float
    gpus: float
    cpus: int
    joules: float | None
    method: str
    coverage: float
    used: float
    device_watts: float | None = None
    work: Work = "train"
    from_kimg: float = 0.0
    to_kimg: float = 0.0

    @property
    def is_estimate(self) -> bool:
        """Whether its energy was estimated rather than read from a counter."""
        return self.joules is None or self.method.startswith("estimate")


class _JobFile(BaseModel):
    """job.json; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")
    sweep: str = ""
    resources: Resources = Resources()
    device_watts: Positive | None = None


class _Accounted(BaseModel):
    """accounting.json: the energy of an attempt on exclusive nodes, from the cluster's accounting."""

    joules: NonNegative
    method: str


class _Shares(NamedTuple):
    """Seconds that each attempt of a trial spent on training and metrics, and the time of its last tick."""

    training: dict[int, float]
    metrics: dict[int, float]
    metered_until: dict[int, float]


def attempts_of(run: RunDir, skipped: list[str]) -> list[AttemptRow]:
    """Return the started attempts of a trial, in order; add what cannot be read to `skipped`."""
    if folder := run.unreadable_folder():
        skipped.append(folder_note(folder))
        return []
    return attempts_in(run, lines(run.ticks, skipped), lines(run.metrics, skipped), skipped)


def attempts_in(run: RunDir, ticks: list[Row], metrics: list[Row], skipped: list[str]) -> list[AttemptRow]:
    """Like attempts_of, for lines of ticks.jsonl and metrics.jsonl that have already been read."""
    ticks = _with_abandoned(run, run.ticks.name, ticks, skipped)
    metrics = _with_abandoned(run, run.metrics.name, metrics, skipped)
    records = {number: record for number in run.attempts() if (record := read_record(run.record(number)))}
    begun = [(number, record) for number, record in records.items() if record.pid]
    shares = _shares({number: record.resumed_from_kimg for number, record in records.items()}, ticks, metrics)
    first = run.first_attempt()
    found: list[AttemptRow] = []
    following: RunRecord | None = None
    for number, record in reversed(begun):
        used = used_part(record, following if record.work == "train" else None) if number >= first else 0.0
        found.append(_attempt(run, number, record, used, shares, skipped))
        following = record if record.work == "train" else following
    return found[::-1]


def _with_abandoned(run: RunDir, name: str, rows: list[Row], skipped: list[str]) -> list[Row]:
    """Return the rows of all trainings of a trial by time: those that were abandoned have cost energy, too."""
    abandoned = [row for training in run.abandoned() for row in lines(training.path / name, skipped)]
    return sorted([*abandoned, *rows], key=lambda row: row.get("time") or 0.0) if abandoned else rows


def used_part(record: RunRecord, following: RunRecord | None) -> float:
    """Return the part of an attempt's work that is in the result: neither repeated by a later attempt nor failed.

    `following` is the next training attempt, if this one trained; an evaluation repeats nothing.
    """
    if following is None:
        return 0.0 if record.state in UNFINISHED else 1.0
    done = record.kimg - record.resumed_from_kimg
    if done <= 0:
        return 1.0 if record.state is State.DONE else 0.0
    return min(max((following.resumed_from_kimg - record.resumed_from_kimg) / done, 0.0), 1.0)


def _attempt(
    run: RunDir, number: int, record: RunRecord, used: float, shares: _Shares, skipped: list[str]
) -> AttemptRow:
    job = _job(run.job(number), skipped)
    seconds = max(record.updated - record.started, 0.0)
    joules, method, coverage = _energy(run.attempt(number), record, shares.metered_until.get(number), skipped)
    return AttemptRow(
        trial=run.path.name,
        number=number,
        sweep=job.sweep,
        state=record.state,
        seconds=seconds,
        training_seconds=min(shares.training.get(number, 0.0), seconds),
        metrics_seconds=min(shares.metrics.get(number, 0.0), seconds),
        gpus=float(job.resources.gpus),
        cpus=job.resources.cpus,
        joules=joules,
        method=method,
        coverage=coverage,
        used=used,
        device_watts=job.device_watts,
        work=record.work,
        from_kimg=record.resumed_from_kimg,
        to_kimg=record.kimg,
    )


def _energy(
    attempt: Path, record: RunRecord, until: float | None, skipped: list[str]
) -> tuple[float | None, str, float]:
    """Return joules, method and coverage: the share of devices metered, times the share of time if it was killed."""
    malformed: list[Malformed] = []
    accounted = read_document(attempt / "accounting.json", _Accounted, malformed)
    if accounted:
        return accounted.joules, accounted.method, 1.0
    skipped += [unreadable_note(one) for one in malformed]
    seconds = record.updated - record.started
    is_whole = record.exit_code in (ExitCode.DONE, ExitCode.RUN_AGAIN) or record.state is State.RUNNING
    metered = 1.0 if is_whole or seconds <= 0 else max((until or record.started) - record.started, 0.0) / seconds
    return record.energy.joules, record.energy.method, record.energy.coverage * min(metered, 1.0)


def _job(path: Path, skipped: list[str]) -> _JobFile:
    malformed: list[Malformed] = []
    job = read_document(path, _JobFile, malformed)
    skipped += [f"{unreadable_note(one)}; counted as one CPU" for one in malformed]
    return job or _JobFile()


def _shares(resumed: dict[int, float], ticks: list[Row], rows: list[Row]) -> _Shares:
    training: dict[int, float] = {}
    until: dict[int, float] = {}
    before: dict[int, float] = {}
    for row in ticks:
        number, kimg, speed = row.get("attempt") or 1, row["kimg"], row.get("seconds_per_kimg")
        if speed is not None and 0 <= speed < math.inf:
            shown = max(kimg - before.get(number, resumed.get(number, 0.0)), 0.0)
            training[number] = training.get(number, 0.0) + shown * speed
            before[number] = kimg
            until[number] = max(until.get(number, 0.0), float(row.get("time") or 0.0))
    passes = {(row.get("attempt") or 1, row["kimg"], row["seconds"]) for row in rows if row.get("seconds") is not None}
    metrics: dict[int, float] = {}
    for number, _, seconds in passes:
        metrics[number] = metrics.get(number, 0.0) + seconds
    return _Shares(training, metrics, until)
