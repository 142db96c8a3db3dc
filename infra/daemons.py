"""Processes that outlive the command which started them, found again and ended by their recorded identity alone."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from infra.waiting import WaitedTooLong, wait_until
from orchestrator.store.process_id import ProcessId, send


def start(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> ProcessId:
    """Start `command` in a session of its own, its output appended to `log`, and return its identity."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
    return ProcessId.of(child.pid)


def stop(process: ProcessId, grace_seconds: float = 10.0) -> None:
    """Ask `process` to end; kill it when it has not within `grace_seconds`."""
    send(process, signal.SIGTERM)
    try:
        wait_until(lambda: process.is_gone, grace_seconds, f"process {process.pid} to end", 0.05)
    except WaitedTooLong:
        kill([process])


def kill_group(leader: ProcessId) -> None:
    """End the session that `leader` was started as, with all that it has started, at once; wait until it is gone."""
    kill(session(leader))


def session(leader: ProcessId) -> list[ProcessId]:
    """Return the processes of a session that `start` began, and their descendants in whatever session."""
    found: set[int] = set()
    for process in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.Error):
            if leader.is_here and os.getsid(process.pid) == leader.pid:
                found |= {process.pid, *(child.pid for child in process.children(recursive=True))}
    return [ProcessId.of(pid) for pid in found]


def kill(processes: Iterable[ProcessId]) -> None:
    """End `processes` at once and wait until they are gone."""
    for process in (listed := list(processes)):
        send(process, signal.SIGKILL)
    for process in listed:
        wait_until(lambda process=process: process.is_gone, 10, f"process {process.pid} to die", 0.02)  # type: ignore[misc]
