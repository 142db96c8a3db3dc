"""What a person has said about a trial, as small files in its directory: cancel it, try it again."""

import json

from orchestrator.store import writing
from trainer.record import RunDir, replace_file


def cancel(run: RunDir) -> None:
    """Mark the present attempt as not to be taken up again when it ends."""
    with writing(run.path):
        (run.attempt(run.attempts()[-1]) / "cancel").touch()


def is_cancelled(run: RunDir, attempt: int) -> bool:
    """Return whether somebody cancelled this attempt and has not taken it back."""
    return (run.attempt(attempt) / "cancel").exists() and not is_forgiven(run, attempt)


def forgive(run: RunDir) -> None:
    """Let the attempts so far not count: neither as failures nor as cancelled."""
    with writing(run.path):
        replace_file(run.path / "retry.json", json.dumps({"after": max(run.attempts(), default=0)}))


def is_forgiven(run: RunDir, attempt: int) -> bool:
    """Return whether `attempt` lies before the last `adasweep retry`."""
    try:
        return attempt <= int(json.loads((run.path / "retry.json").read_text(encoding="utf-8"))["after"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
