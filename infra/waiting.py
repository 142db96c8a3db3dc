"""Wait for a condition."""

import time
from collections.abc import Callable


class WaitedTooLong(Exception):
    """A condition did not become true in time."""


def wait_until(condition: Callable[[], bool], seconds: float, what: str, every_seconds: float = 0.1) -> None:
    """Return once `condition()` is true. Raises WaitedTooLong, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise WaitedTooLong(f"waited {seconds:g} s for {what}")
        time.sleep(every_seconds)
