"""Starting the ranks of a run on this machine, as one: signals go to all, and when one fails all end.

torchrun does much of this too, and ranks that it has started are understood (`ranks.find_place`). It is not used here:
it ends with a traceback and exit code 1 whatever a rank's exit code was, while supervisors decide by 2, 70 and 75; it
kills ranks 30 seconds after it has passed a signal on, although they may still be saving; and its agent imports torch,
which costs seconds and memory beside the ranks.
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
    """Run `python -m trainer ARGUMENTS` as `size` ranks and return the exit code of the first that ends badly."""
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
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(arguments: list[str], place: Place) -> "subprocess.Popen[bytes]":
    command, environment = [sys.executable, "-m", "trainer", *arguments], {**os.environ, **place.environment()}
    return subprocess.Popen(command, env=environment, preexec_fn=_ending_with_us())


def _ending_with_us() -> Callable[[], None]:
    """Return what has the kernel kill a rank when the process that started it is gone, however that came."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return ask


def _watch(ranks: list["subprocess.Popen[bytes]"]) -> int:
    """Return 0 when all have ended well, else the first bad exit code, once the others have had time to notice."""
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
    """Return what the ranks' exit codes say together: the first rank keeps the record, so its word goes first."""
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
