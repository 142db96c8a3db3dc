"""Starts supervisors for all backends."""

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
    """One attempt at one trial as a backend sees it: the trial's directory and the resources it needs.

    `code` is the folder of the packages it runs, also after a requeue.
    """

    trial: str
    directory: Path
    attempt: int
    resources: Resources
    code: Path = LIVE


def start_supervisor(
    task: Task, variables: Mapping[str, str], *, stop_with_parent: bool = False
) -> "subprocess.Popen[bytes]":
    """Start the supervisor of an attempt in a new session, with its output in supervisor.log.

    With `stop_with_parent`, the kernel sends it SIGTERM (save and stop) when the calling process ends.
    """
    with (RunDir(task.directory).attempt(task.attempt) / "supervisor.log").open("ab") as output:
        return subprocess.Popen(
            supervisor_command(task),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(variables, task.code),
            start_new_session=True,
            preexec_fn=_stop_on_parent_death() if stop_with_parent else hold_signals,
        )


def hold_signals() -> None:
    """Block the forwarded signals in a child process until its supervisor handles them, so that none is lost."""
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)


def signal_on_parent_death(number: int) -> Callable[[], None]:
    """Return a preexec function: the kernel sends the child this signal when the calling process ends."""
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def request_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return request_signal


def _stop_on_parent_death() -> Callable[[], None]:
    request_signal = signal_on_parent_death(signal.SIGTERM)

    def prepare() -> None:
        hold_signals()
        request_signal()

    return prepare


def supervisor_command(task: Task) -> list[str]:
    """Return the command that runs one attempt, as an argument list (no shell)."""
    return [*python_module("orchestrator.supervise"), str(task.directory), str(task.attempt)]


def python_module(module: str) -> list[str]:
    """Return the command that runs a module with this Python; -P keeps the working directory off the import path."""
    return [sys.executable, "-P", "-m", module]


def environment(extra: Mapping[str, str] | None = None, code: Path = LIVE) -> dict[str, str]:
    """Return the environment of a Python process that imports the packages in `code`, whatever else is installed."""
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(code), *(part for part in inherited if part and part not in (str(code), str(LIVE)))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", **(extra or {})}
