"""Starts supervisors, for every backend."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store.frozen_code import LIVE
from trainer.config.job import Resources
from trainer.record import RunDir

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that a supervisor passes on to its worker."""

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Task:
    """One attempt at one trial, as a backend sees it: a directory to run the supervisor in, and what it needs.

    `code` is the folder of the packages that it runs, today and after every requeue.
    """

    trial: str
    directory: Path
    attempt: int
    resources: Resources
    code: Path = LIVE


def start_supervisor(
    task: Task, variables: Mapping[str, str], *, stops_with_us: bool = False
) -> "subprocess.Popen[bytes]":
    """Start the supervisor of an attempt in a session of its own, its output going to supervisor.log.

    With `stops_with_us`, the kernel asks it to save and stop when the process that calls this is gone.
    """
    with (RunDir(task.directory).attempt(task.attempt) / "supervisor.log").open("ab") as output:
        return subprocess.Popen(
            supervisor_command(task),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(variables, task.code),
            start_new_session=True,
            preexec_fn=_stopping_with_us() if stops_with_us else hold_signals,
        )


def hold_signals() -> None:
    """Block those signals in a child about to become a supervisor, so that none is lost before it listens."""
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)


def signalled_when_we_end(number: int) -> Callable[[], None]:
    """Return what has a child get this signal from the kernel when the process that calls this has ended."""
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return ask


def _stopping_with_us() -> Callable[[], None]:
    ask = signalled_when_we_end(signal.SIGTERM)

    def prepare() -> None:
        hold_signals()
        ask()

    return prepare


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
