"""Requests to cancel, retry or stop a trial, as small files in its directory, for one sweep or for all.

attempts/001/cancel    the attempt must not be resumed: by the sweep named in the file, or by any if the file is empty
cancels/SWEEP.json     the sweep must not resume the trial; others may
stops/SWEEP.json       the same, by a stop rule of the sweep
retry.json             the last attempt before `adasweep retry`: for all sweeps (`after`), for single ones (`of`)
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.store.layout import read_job, writing
from trainer.config.spec import Count
from trainer.config.stored import Moment, read_document
from trainer.files import read_regular, replace_file
from trainer.record import RunDir

ALL = ""
"""Stands for all sweeps instead of one sweep's name."""


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Retry(_Request):
    """retry.json."""

    after: Count = 0
    of: dict[str, Count] = {}


class SweepMark(_Request):
    """A file in stops/ or cancels/."""

    attempt: Count = 0
    reason: str
    time: Moment = 0.0


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


def is_cancelled(run: RunDir, attempt: int) -> bool:
    """Return whether this attempt was cancelled and not retried since."""
    sweep = cancelled_by(run, attempt)
    return sweep is not None and not is_retried(run, attempt, sweep)


def cancelled_by(run: RunDir, attempt: int) -> str | None:
    """Return the sweep for which an attempt is cancelled; ALL for an empty or unreadable file; None if it is not."""
    try:
        return read_regular(run.attempt(attempt) / "cancel").decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError:
        return ALL


def cancels(run: RunDir) -> dict[str, str]:
    """Return the sweeps for which this trial is cancelled and not retried since, with the reasons."""
    return _active_marks(run, "cancels")


def retry(run: RunDir, sweep: str = ALL) -> None:
    """Retry the attempts so far, for `sweep` or for all: they count neither as failed nor as cancelled."""
    last, before = max(run.attempts(), default=0), retries(run)
    after, of = before.pop(ALL, 0), before
    document = {"after": last, "of": of} if sweep == ALL else {"after": after, "of": {**of, sweep: last}}
    with writing(run.path):
        replace_file(run.path / "retry.json", json.dumps(document))


def retries(run: RunDir) -> dict[str, int]:
    """Return the last attempt before `adasweep retry` by sweep; under ALL that for all sweeps."""
    found = read_document(run.path / "retry.json", Retry)
    return {ALL: found.after, **found.of} if found else {}


def is_retried(run: RunDir, attempt: int, sweep: str = ALL) -> bool:
    """Return whether `attempt` precedes the last `adasweep retry`, for all sweeps or for `sweep`."""
    return precedes_retry(attempt, retries(run), sweep)


def precedes_retry(attempt: int, retried: Mapping[str, int], sweep: str = ALL) -> bool:
    """Return the same, given the result of `retries`."""
    last = max(retried.get(ALL, 0), retried.get(sweep, 0))
    return 0 < last >= attempt


def stop(run: RunDir, sweep: str, reason: str) -> None:
    """Stop this trial for `sweep`, with a reason. Other sweeps may continue it."""
    with writing(run.path):
        _mark(run, "stops", sweep, reason)


def stops(run: RunDir) -> dict[str, str]:
    """Return the sweeps whose rules stopped this trial and that were not retried since, with the reasons."""
    return _active_marks(run, "stops")


def was_stopped(run: RunDir, sweep: str) -> bool:
    """Return whether a rule of `sweep` ever stopped this trial: after a retry it is not stopped again."""
    return (run.path / "stops" / f"{sweep}.json").exists()


def _mark(run: RunDir, kind: Literal["stops", "cancels"], sweep: str, reason: str) -> None:
    mark = SweepMark(reason=reason, attempt=max(run.attempts(), default=0), time=time.time())
    replace_file(run.path / kind / f"{sweep}.json", mark.model_dump_json())


def _active_marks(run: RunDir, kind: Literal["stops", "cancels"]) -> dict[str, str]:
    retried = retries(run)
    found = {path.stem: _read(path) for path in (run.path / kind).glob("[!.]*.json")}
    return {sweep: mark.reason for sweep, mark in found.items() if not precedes_retry(mark.attempt, retried, sweep)}


def _read(path: Path) -> SweepMark:
    return read_document(path, SweepMark) or SweepMark(reason=f"stopped ({path} cannot be read)")
