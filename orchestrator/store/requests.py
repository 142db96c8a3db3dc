"""Writes requests to cancel, retry or stop a trial, which `trainer.recording.requests` describes and reads."""

import json
import time
from typing import Literal

from orchestrator.store.layout import writing
from trainer.config.job import read_job
from trainer.files import replace_file
from trainer.record import RunDir
from trainer.recording.requests import ALL, SweepMark, retries


def cancel(run: RunDir, sweep: str = ALL) -> bool:
    """Prevent the trial from being resumed, by `sweep` or at all; return whether its current attempt should end."""
    number = max(run.attempts(), default=0)
    job = read_job(run.job(number))
    is_concerned = sweep == ALL or job is None or job.sweep in (sweep, ALL)
    with writing(run.path):
        if sweep != ALL:
            _mark(run, "cancels", sweep, "cancelled")
        if number and is_concerned:
            replace_file(run.attempt(number) / "cancel", sweep)
    return bool(number) and is_concerned


def retry(run: RunDir, sweep: str = ALL) -> None:
    """Retry the attempts so far, for `sweep` or for all: they count neither as failed nor as cancelled."""
    last, before = max(run.attempts(), default=0), retries(run)
    after, of = before.pop(ALL, 0), before
    document = {"after": last, "of": of} if sweep == ALL else {"after": after, "of": {**of, sweep: last}}
    with writing(run.path):
        replace_file(run.path / "retry.json", json.dumps(document))


def stop(run: RunDir, sweep: str, reason: str) -> None:
    """Stop this trial for `sweep`, with a reason. Other sweeps may continue it."""
    with writing(run.path):
        _mark(run, "stops", sweep, reason)


def _mark(run: RunDir, kind: Literal["stops", "cancels"], sweep: str, reason: str) -> None:
    mark = SweepMark(reason=reason, attempt=max(run.attempts(), default=0), time=time.time())
    replace_file(run.path / kind / f"{sweep}.json", mark.model_dump_json())
