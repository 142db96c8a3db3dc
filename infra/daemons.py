"""Processes that outlive the command which started them, found again and ended by their recorded identity alone."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from infra.waiting import WaitedTooLong, wait_until
from orchestrator.process import ProcessId, send


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
    """End the process group that `leader` was started as, at once, and wait until nothing of it is left."""
    if leader.is_here and _group(leader):
        os.killpg(leader.pid, signal.SIGKILL)
        wait_until(lambda: not _group(leader), 10, f"process group {leader.pid} to die", 0.02)


def _group(leader: ProcessId) -> list[int]:
    """Return the living processes of a session that `start` began; none once its number belongs to somebody else."""
    members = []
    for process in psutil.process_iter(["pid", "status", "create_time"]):
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(process.pid) == leader.pid and process.info["status"] != psutil.STATUS_ZOMBIE:
                members.append(process.pid)
    return members


def kill(processes: Iterable[ProcessId]) -> None:
    """End `processes` at once and wait until they are gone."""
    for process in (listed := list(processes)):
        send(process, signal.SIGKILL)
    for process in listed:
        wait_until(lambda process=process: process.is_gone, 10, f"process {process.pid} to die", 0.02)  # type: ignore[misc]
