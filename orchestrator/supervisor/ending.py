"""How an attempt ended: the state that its exit code means, and record.json if the worker did not complete it."""

import os
import signal
import socket
import time
from pathlib import Path
from typing import NamedTuple

from trainer.config.job import Job, read_job
from trainer.config.stored import rows_in
from trainer.errors import ExitCode, without_prefix
from trainer.files import Guard
from trainer.record import RunDir, RunRecord, State, beat, read_record

OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
"""Signals sent from outside: the worker is not at fault."""

TAIL_BYTES = 4000
MESSAGE_CHARACTERS = 300


class AttemptEnding(NamedTuple):
    """The final state of an attempt, and a one-line reason."""

    state: State
    message: str = ""


def classify(code: int, asked_to_stop: bool, cancelled: bool, last_line: str = "") -> AttemptEnding:
    """Return the ending that a worker's exit code means; a negative code is the signal that killed it."""
    stopped = State.CANCELLED if cancelled else State.PREEMPTED
    if code == ExitCode.DONE:
        return AttemptEnding(State.DONE)
    if code == ExitCode.RUN_AGAIN:
        return AttemptEnding(stopped)
    if code < 0 and asked_to_stop:
        return AttemptEnding(stopped, f"killed by {_name(-code)} before it had saved")
    if -code in OUTSIDE:
        hint = " (out of memory?)" if -code == signal.SIGKILL else ""
        return AttemptEnding(State.LOST, f"killed by {_name(-code)}{hint}")
    if code < 0:
        return AttemptEnding(State.FAILED, f"crashed with {_name(-code)}")
    message = without_prefix(last_line) if code == ExitCode.USER_ERROR else last_line
    return AttemptEnding(State.FAILED, message or f"exit code {code}")


def write_ending(
    run: RunDir, job: Job, code: int | None, ending: AttemptEnding, guard: Guard | None = None
) -> RunRecord:
    """Complete record.json with the attempt's ending, and keep what the worker recorded."""
    path = run.record(job.attempt)
    record = read_record(path) or _blank(run, job)
    if record.state in (ending.state, State.DONE) and record.exit_code is not None:
        return record
    if record.state is State.DONE:
        return beat(path, record, exit_code=int(ExitCode.DONE), doing="")
    message = record.message or ending.message
    return beat(path, record, guard, state=ending.state, exit_code=code, message=message, doing="")


def record_never_started(run: RunDir, attempt: int) -> None:
    """Record that an attempt was stopped while it was queued."""
    job = read_job(run.job(attempt))
    if job:
        write_ending(run, job, ExitCode.RUN_AGAIN, AttemptEnding(State.PREEMPTED, "stopped before it began"))


def last_line(log: Path) -> str:
    """Return the last non-blank line of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip()[:MESSAGE_CHARACTERS] for line in reversed(lines) if line.strip()), "")


def _blank(run: RunDir, job: Job) -> RunRecord:
    """Return a record for an attempt whose worker wrote none; `pid` 0: the worker never started."""
    now = time.time()
    reached = max((row["kimg"] for row in rows_in(run.ticks) if "kimg" in row), default=0.0)
    return RunRecord(
        attempt=job.attempt,
        work=job.work,
        state=State.PENDING,
        kimg=reached,
        horizon_kimg=job.options.horizon_kimg,
        started=now,
        updated=now,
        host=socket.gethostname(),
        pid=0,
        code=job.code,
        resumed_from_kimg=0.0,
    )


def _name(number: int) -> str:
    return signal.Signals(number).name
