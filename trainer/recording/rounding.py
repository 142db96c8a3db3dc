"""What rounding depends on: a resumed training repeats what was recorded only if all of it is equal."""

from collections.abc import Mapping

from trainer.config.stored import TOLERANCE_KIMG, rows_in
from trainer.files import matching
from trainer.record import RunDir, RunRecord, read_record
from trainer.recording.attempt_history import saved_kimg
from trainer.recording.reporter import Reporter

ComputeEnvironment = Mapping[str, int | str]
BEGINNINGS = ("start", "resume")
"""The events that have the environment of an attempt."""


def environment_of(record: RunRecord, threads: int) -> ComputeEnvironment:
    """Return the number of ranks and threads, the operations, the processor, the version of torch, and the code."""
    return {
        "world_size": record.world_size,
        "threads": threads,
        "ops": record.ops,
        "processor": record.processor,
        "torch": record.versions.get("torch", ""),
        "code": record.code,
    }


def is_otherwise_beyond(run: RunDir, kimg: float, environment: ComputeEnvironment) -> bool:
    """Return whether what was recorded beyond `kimg` may be of other rounding than in this environment.

    It is of the attempts since the last that began there or below. What an earlier version has not recorded is equal.
    """
    for row in reversed(rows_in(run.events)):
        if row.get("event") in BEGINNINGS:
            if any(row.get(name, now) != now for name, now in environment.items()):
                return True
            if row["kimg"] <= kimg + TOLERANCE_KIMG:
                return False
    return False


def is_repeated_from_scratch(run: RunDir, environment: ComputeEnvironment) -> bool:
    """Return whether a training that begins at 0 repeats what was recorded before, as no attempt has saved anything.

    So an attempt that is killed again and again before its first checkpoint leaves one set of rows, not many.
    """
    if matching(run.checkpoints, "ckpt-*") or is_otherwise_beyond(run, 0.0, environment):
        return False
    numbers = (number for number in run.attempts() if number >= run.first_attempt())
    records = (record for number in numbers if (record := read_record(run.record(number))))
    return not any(saved_kimg(record) for record in records if record.work == "train")


def note_changes(run: RunDir, kimg: float, reporter: Reporter, environment: ComputeEnvironment) -> None:
    """Record what has changed, each as an event such as `ops-changed` or `world-size-changed`."""
    rows = rows_in(run.events)
    for name, now in environment.items():
        before = next((row[name] for row in reversed(rows) if name in row), None)
        if before is not None and before != now:
            reporter.event(f"{name.replace('_', '-')}-changed", kimg, before=before, **{name: now})
