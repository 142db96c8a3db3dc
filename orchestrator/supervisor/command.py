"""How a supervisor is started, wherever a backend starts it."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from orchestrator.backends.base import LIVE, Task

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that a supervisor passes on to its worker."""


def hold_signals() -> None:
    """Block those signals in a child about to become a supervisor, so that none is lost before it listens."""
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)


def supervisor_command(task: Task) -> list[str]:
    """Return the command that carries out one attempt: an argument list that never meets a shell."""
    return [*python_module("orchestrator.supervise"), str(task.directory), str(task.attempt)]


def python_module(module: str) -> list[str]:
    """Return the command that runs a module with this Python; -P keeps the working directory off the import path."""
    return [sys.executable, "-P", "-m", module]


def environment(extra: Mapping[str, str] | None = None, code: Path = LIVE) -> dict[str, str]:
    """Return the environment for a Python of ours: it finds the packages in `code`, whatever else is installed."""
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(code), *(part for part in given if part and part not in (str(code), str(LIVE)))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", **(extra or {})}
