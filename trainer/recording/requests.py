"""Requests to cancel, retry or stop a trial, as small files in its directory, for one sweep or for all.

attempts/001/cancel    the attempt must not be resumed: by the sweep named in the file, or by any if the file is empty
cancels/SWEEP.json     the sweep must not resume the trial; others may
stops/SWEEP.json       the same, by a stop rule of the sweep
retry.json             the last attempt before `adasweep retry`: for all sweeps (`after`), for single ones (`of`)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trainer.config.spec import Count
from trainer.config.stored import Moment, read_document
from trainer.errors import printable
from trainer.files import matching, read_regular
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


def stops(run: RunDir) -> dict[str, str]:
    """Return the sweeps whose rules stopped this trial and that were not retried since, with the reasons."""
    return _active_marks(run, "stops")


def was_stopped(run: RunDir, sweep: str) -> bool:
    """Return whether a rule of `sweep` ever stopped this trial: after a retry it is not stopped again."""
    return (run.path / "stops" / f"{sweep}.json").exists()


def request_files(run: RunDir) -> list[Path]:
    """Return the files of all requests for a trial, whatever they say, in order."""
    marks = (path for kind in ("stops", "cancels") for path in matching(run.path / kind, "[!.]*.json"))
    return [run.path / "retry.json", *marks, *(run.attempt(number) / "cancel" for number in run.attempts())]


def _active_marks(run: RunDir, kind: Literal["stops", "cancels"]) -> dict[str, str]:
    retried = retries(run)
    paths = (path for path in matching(run.path / kind, "[!.]*.json") if path.stem.isprintable())
    found = {path.stem: _read(path) for path in paths}
    return {sweep: mark.reason for sweep, mark in found.items() if not precedes_retry(mark.attempt, retried, sweep)}


def _read(path: Path) -> SweepMark:
    return read_document(path, SweepMark) or SweepMark(reason=f"stopped ({printable(str(path))} cannot be read)")
