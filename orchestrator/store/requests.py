"""Requests concerning a trial, as small files in its directory: cancel, retry, stop."""

import json
import time
from pathlib import Path

from orchestrator.store.layout import writing
from trainer.files import replace_file
from trainer.record import RunDir


def cancel(run: RunDir) -> None:
    """Mark the present attempt as not to be taken up again when it ends."""
    with writing(run.path):
        (run.attempt(run.attempts()[-1]) / "cancel").touch()


def is_cancelled(run: RunDir, attempt: int) -> bool:
    """Return whether somebody cancelled this attempt and has not taken it back."""
    return (run.attempt(attempt) / "cancel").exists() and not is_retried(run, attempt)


def retry(run: RunDir) -> None:
    """Let the attempts so far not count: neither as failures nor as cancelled."""
    with writing(run.path):
        replace_file(run.path / "retry.json", json.dumps({"after": max(run.attempts(), default=0)}))


def is_retried(run: RunDir, attempt: int) -> bool:
    """Return whether `attempt` lies before the last `adasweep retry`."""
    try:
        return attempt <= int(json.loads((run.path / "retry.json").read_text(encoding="utf-8"))["after"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def stop(run: RunDir, sweep: str, reason: str) -> None:
    """Let `sweep` not take this trial any further, and say why. Other sweeps may."""
    with writing(run.path):
        told = {"reason": reason, "attempt": max(run.attempts(), default=0), "time": time.time()}
        replace_file(run.path / "stops" / f"{sweep}.json", json.dumps(told))


def stops(run: RunDir) -> dict[str, str]:
    """Return the sweeps whose rules have stopped this trial, and why, unless they were retried since."""
    found = {path.stem: _stop_at(path) for path in (run.path / "stops").glob("[!.]*.json")}
    return {sweep: reason for sweep, (attempt, reason) in found.items() if not is_retried(run, attempt)}


def was_stopped(run: RunDir, sweep: str) -> bool:
    """Return whether a rule of `sweep` has ever stopped this trial: one that was retried is not stopped again."""
    return (run.path / "stops" / f"{sweep}.json").exists()


def _stop_at(path: Path) -> tuple[int, str]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return int(told["attempt"]), str(told["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, f"stopped ({path} cannot be read)"
