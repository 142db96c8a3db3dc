"""Records the failure of jobs that ended before their supervisor started, with the message in SLURM's log."""

import glob
import time
from pathlib import Path

from orchestrator.backends.slurm.states import JobRow, meaning
from orchestrator.store.handle import Handle
from orchestrator.store.layout import Store, writing
from orchestrator.store.lease import holder
from orchestrator.supervisor.ending import MESSAGE_CHARACTERS, TAIL_BYTES, AttemptEnding, write_ending
from trainer.config.job import read_job
from trainer.errors import printable, without_prefix
from trainer.files import matching
from trainer.record import State, read_record


def record_early_failure(store: Store, logs: Path, handle: Handle, row: JobRow) -> None:
    """Record the failure of an attempt whose job failed before its supervisor started: a setup line, or no Python."""
    run = store.run(handle.trial)
    path, job, held = run.record(handle.attempt), read_job(run.job(handle.attempt)), holder(run.path)
    is_supervised = held is not None and held.is_alive(time.time())
    if meaning(row) is not State.FAILED or job is None or read_record(path) or is_supervised:
        return
    default = f"its job ended with exit code {row.exit_code} before it began"
    message = without_prefix(last_message(log_of(logs, handle))) or default
    with writing(run.path):
        write_ending(run, job, row.exit_code, AttemptEnding(State.FAILED, message))


def log_of(logs: Path, handle: Handle) -> Path:
    """Return the error log of a job below `logs`; it may not exist."""
    name = f"{glob.escape(handle.key.partition('@')[0])}_0_log.err"
    return next(iter(matching(logs, f"*/{name}")), logs / name)


def last_message(log: Path) -> str:
    """Return the last line of a log that is not srun's report of an exit; "" if there is none."""
    try:
        text = log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("srun: ")]
    return printable(lines[-1][:MESSAGE_CHARACTERS]) if lines else ""
