"""Requests concerning a trial, as small files in its directory: cancel, retry, stop. Each may be one sweep's alone.

attempts/001/cancel    the attempt is not to be taken up again: for the sweep that asked for it, named in the file,
or for all, where the file is empty
cancels/SWEEP.json     the sweep does not take the trial up again; others may
stops/SWEEP.json       the same, by a rule of the sweep
retry.json             up to which attempt that is forgotten: for all (`after`), for single sweeps (`of`)
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
"""In the place of a sweep's name: all of them."""


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


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
    """Let the trial not be taken up again, by `sweep` or at all; return whether its present attempt is to end."""
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
    """Return whether somebody cancelled this attempt and has not taken it back."""
    sweep = cancelled_by(run, attempt)
    return sweep is not None and not is_retried(run, attempt, sweep)


def cancelled_by(run: RunDir, attempt: int) -> str | None:
    """Return for which sweep an attempt is cancelled; None where it is not. A file that says nothing is for all."""
    try:
        return read_regular(run.attempt(attempt) / "cancel").decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError:
        return ALL


def cancels(run: RunDir) -> dict[str, str]:
    """Return the sweeps for which this trial is cancelled, and why, unless they were retried since."""
    return _standing(run, "cancels")


def retry(run: RunDir, sweep: str = ALL) -> None:
    """Let the attempts so far not count, for `sweep` or at all: neither as failures nor as cancelled."""
    last, before = max(run.attempts(), default=0), retries(run)
    after, of = before.pop(ALL, 0), before
    told = {"after": last, "of": of} if sweep == ALL else {"after": after, "of": {**of, sweep: last}}
    with writing(run.path):
        replace_file(run.path / "retry.json", json.dumps(told))


def retries(run: RunDir) -> dict[str, int]:
    """Return up to which attempt each sweep was retried; under ALL that of everybody."""
    found = read_document(run.path / "retry.json", Retry)
    return {ALL: found.after, **found.of} if found else {}


def is_retried(run: RunDir, attempt: int, sweep: str = ALL) -> bool:
    """Return whether `attempt` lies before the last `adasweep retry`, of everybody or of `sweep`."""
    return forgiven(attempt, retries(run), sweep)


def forgiven(attempt: int, told: Mapping[str, int], sweep: str = ALL) -> bool:
    """Return the same from what `retries` returns."""
    last = max(told.get(ALL, 0), told.get(sweep, 0))
    return 0 < last >= attempt


def stop(run: RunDir, sweep: str, reason: str) -> None:
    """Let `sweep` not take this trial any further, and say why. Other sweeps may."""
    with writing(run.path):
        _mark(run, "stops", sweep, reason)


def stops(run: RunDir) -> dict[str, str]:
    """Return the sweeps whose rules have stopped this trial, and why, unless they were retried since."""
    return _standing(run, "stops")


def was_stopped(run: RunDir, sweep: str) -> bool:
    """Return whether a rule of `sweep` has ever stopped this trial: one that was retried is not stopped again."""
    return (run.path / "stops" / f"{sweep}.json").exists()


def _mark(run: RunDir, kind: Literal["stops", "cancels"], sweep: str, reason: str) -> None:
    told = SweepMark(reason=reason, attempt=max(run.attempts(), default=0), time=time.time())
    replace_file(run.path / kind / f"{sweep}.json", told.model_dump_json())


def _standing(run: RunDir, kind: Literal["stops", "cancels"]) -> dict[str, str]:
    told = retries(run)
    found = {path.stem: _read(path) for path in (run.path / kind).glob("[!.]*.json")}
    return {sweep: mark.reason for sweep, mark in found.items() if not forgiven(mark.attempt, told, sweep)}


def _read(path: Path) -> SweepMark:
    return read_document(path, SweepMark) or SweepMark(reason=f"stopped ({path} cannot be read)")
