"""Background processes that outlive the command that started them, and are stopped by their recorded identity."""

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
    """Start `command` in a new session, append its output to `log`, and return its identity."""
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
    """Send SIGTERM to `process`, and SIGKILL if it has not ended within `grace_seconds`."""
    send(process, signal.SIGTERM)
    try:
        wait_until(lambda: process.is_gone, grace_seconds, f"process {process.pid} to end", 0.05)
    except WaitedTooLong:
        kill([process])


def kill_group(leader: ProcessId) -> None:
    """Kill the session of `leader` with all its descendants, and wait until they are gone."""
    kill(session(leader))


def session(leader: ProcessId) -> list[ProcessId]:
    """Return the processes of a session started by `start`, and their descendants in any session."""
    found: set[int] = set()
    for process in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.Error):
            if leader.is_here and os.getsid(process.pid) == leader.pid:
                found |= {process.pid, *(child.pid for child in process.children(recursive=True))}
    return [ProcessId.of(pid) for pid in found]


def kill(processes: Iterable[ProcessId]) -> None:
    """Kill `processes` and wait until they are gone."""
    for process in (listed := list(processes)):
        send(process, signal.SIGKILL)
    for process in listed:
        wait_until(lambda process=process: process.is_gone, 10, f"process {process.pid} to die", 0.02)  # type: ignore[misc]
