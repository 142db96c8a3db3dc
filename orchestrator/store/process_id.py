"""Identifies a process uniquely, also after its number is reused."""

import functools
import os
import socket
from pathlib import Path
from typing import Self

from trainer.config.spec import Settings
from trainer.config.stored import WholeNumber


class ProcessId(Settings):
    """A process of one boot of one host. `started` (clock ticks since boot) distinguishes processes of one number."""

    host: str
    boot: str
    pid: WholeNumber
    started: WholeNumber

    @classmethod
    def of(cls, pid: int) -> Self:
        """Return the identity of a running process of this host."""
        return cls(host=socket.gethostname(), boot=_boot(), pid=pid, started=_started(pid) or 0)

    @property
    def is_here(self) -> bool:
        """Return whether the process belongs to this host, so that the kernel can be asked about it."""
        return self.host == socket.gethostname()

    @property
    def is_gone(self) -> bool:
        """Return whether the process has certainly ended. False for other hosts: only a heartbeat shows that."""
        return self.is_here and (self.boot != _boot() or _started(self.pid) != self.started)


@functools.cache
def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _started(pid: int) -> int | None:
    """Return the start time of a living process in clock ticks since boot, or None."""
    import psutil  # slow to import, and most commands do not need it

    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        seconds: float = process.create_time() - psutil.boot_time()
        return round(seconds * os.sysconf("SC_CLK_TCK"))
    except (psutil.NoSuchProcess, psutil.AccessDenied, ValueError, OverflowError):
        return None


def send(process: ProcessId, number: int) -> bool:
    """Send a signal to a process of this host; return whether it was running."""
    if not process.is_here or process.is_gone:
        return False
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True
