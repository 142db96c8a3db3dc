"""Launch the ranks of a run on this machine as one: signals go to all ranks, and if one fails, all end.

Ranks started by torchrun also work (`ranks.find_place`), but it is not used here: it exits with a traceback and code 1,
whatever the ranks' exit codes, while supervisors act on 2, 70 and 75; it kills ranks 30 seconds after forwarding a
signal, although they may still be saving; and its agent imports torch, which costs seconds and memory.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

from trainer.runtime.ranks import Place
from trainer.runtime.signals import STOP_SIGNALS

POLL_SECONDS = 0.1
GRACE_SECONDS = 15.0
PR_SET_PDEATHSIG = 1


def launch(arguments: list[str], size: int) -> int:
    """Run `python -m trainer ARGUMENTS` as `size` ranks and return the exit code of the first rank that fails."""
    port = free_port()
    ranks = [_start(arguments, Place(rank, size, rank, port=port)) for rank in range(size)]

    def forward(number: int, _frame: FrameType | None) -> None:
        for rank in ranks:
            rank.send_signal(number)

    for number in STOP_SIGNALS:
        signal.signal(number, forward)
    try:
        return _watch(ranks)
    finally:
        _end(ranks)


def free_port() -> int:
    """Return an unused port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(arguments: list[str], place: Place) -> "subprocess.Popen[bytes]":
    command, environment = [sys.executable, "-m", "trainer", *arguments], {**os.environ, **place.environment()}
    return subprocess.Popen(command, env=environment, preexec_fn=_ending_with_us())


def _ending_with_us() -> Callable[[], None]:
    """Return a preexec function that makes the kernel kill the rank when this process dies."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def set_death_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return set_death_signal


def _watch(ranks: list["subprocess.Popen[bytes]"]) -> int:
    """Return 0 once all ranks have succeeded, else the exit code of a failure, after giving the others time to end."""
    while True:
        codes = [rank.poll() for rank in ranks]
        if any(codes):
            _wait(ranks, GRACE_SECONDS)
            return _worst([rank.poll() for rank in ranks])
        if None not in codes:
            return 0
        time.sleep(POLL_SECONDS)


def _wait(ranks: list["subprocess.Popen[bytes]"], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(rank.poll() is None for rank in ranks) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _worst(codes: list[int | None]) -> int:
    """Combine the exit codes of the ranks; that of the first, which writes the record, takes precedence."""
    first, *others = (code for code in codes)
    if first is not None and first > 0:
        return first
    bad = next((code for code in others if code), first or 0)
    return bad if bad > 0 else 128 - bad


def _end(ranks: list["subprocess.Popen[bytes]"]) -> None:
    for rank in ranks:
        if rank.poll() is None:
            rank.kill()
        rank.wait()
