"""Deadlines of whole requests: the time limits of sockets start anew with every byte that a server sends."""

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
    """Raise Overdue in what takes longer than this, in the main thread. An alarm set before goes off as it would."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise Overdue(f"no whole answer within {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, give_up)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    began = time.monotonic()  # not before, or an earlier alarm would go off too soon
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1e-3), interval)
