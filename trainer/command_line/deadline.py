"""Deadlines of whole requests: the time limits of sockets start anew with every byte that a server sends."""

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN_SECONDS = 1.0


class Overdue(Exception):
    """Something did not end in time. It is no OSError: libraries would try again."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise Overdue in what takes longer than this, in the main thread. An alarm set before goes off when it is due."""
    earlier, (left, interval) = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    began = time.monotonic()  # not before, or an earlier alarm would go off too soon
    end, due = began + seconds, began + left if left else math.inf

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal due
        if time.monotonic() >= end:
            raise Overdue(f"no whole answer within {seconds:g} s")
        due = due + interval if interval else math.inf
        _arm(min(due, end), AGAIN_SECONDS)
        if callable(earlier):
            earlier(number, frame)
        elif earlier is signal.SIG_DFL:
            signal.signal(signal.SIGALRM, earlier)
            signal.raise_signal(signal.SIGALRM)

    signal.signal(signal.SIGALRM, ring)
    _arm(min(due, end), AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
        if due < math.inf:
            _arm(due, interval)


def _arm(moment: float, interval: float) -> None:
    """Let the alarm go off at a moment of the monotonic clock, at once if it has passed, then at each interval."""
    signal.setitimer(signal.ITIMER_REAL, max(moment - time.monotonic(), 1e-3), interval)
