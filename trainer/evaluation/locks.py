"""One process at a time, for work that several would otherwise do twice. Never needed for correctness."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

POLL_SECONDS: Final = 0.25
PATIENCE_SECONDS: Final = 3600.0


@contextmanager
def one_at_a_time(
    path: Path, waiting: Callable[[], None], patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Hold an exclusive lock on `path`, calling `waiting` again and again until it is had.

    The kernel frees the lock when its holder dies, so that the file left behind by a crash locks nobody out. After
    `patience_seconds`, and where a file system knows no locks, the work is done without one.
    """
    deadline = time.monotonic() + patience_seconds
    with path.open("a") as file:
        while not _acquired(file) and time.monotonic() < deadline:
            waiting()
            time.sleep(POLL_SECONDS)
        yield


def _acquired(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
