"""Arrays that are measured once and kept on disk: whole or not at all, by one process at a time."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32

from trainer.errors import OutputError
from trainer.files import locked

POLL_SECONDS: Final = 0.25
PATIENCE_SECONDS: Final = 3600.0


def once(paths: list[Path], measure: Callable[[], None], waiting: Callable[[], None]) -> None:
    """Have `measure` write `paths`, unless they are there or another process is just about it.

    Raises OutputError where nothing can be kept.
    """
    if all(path.exists() for path in paths):
        return
    folder = paths[0].parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(folder, f"features cannot be kept here ({error.strerror})") from error
    with one_at_a_time(paths[0].with_suffix(".lock"), waiting):
        if not all(path.exists() for path in paths):
            measure()


def written(path: Path, shape: tuple[int, int]) -> "np.memmap[tuple[int, int], np.dtype[np.float32]]":
    """Return a new file of zeros to be filled."""
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)


def mapped(path: Path) -> Float32[np.ndarray, "n d"]:
    """Return a file's rows, which are read from disk where they are used."""
    rows: Float32[np.ndarray, "n d"] = np.load(path, mmap_mode="r", allow_pickle=False)
    return rows


@contextmanager
def one_at_a_time(
    path: Path, waiting: Callable[[], None], patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Hold the lock `path`, calling `waiting` again and again until it is had. It only saves doing things twice.

    After `patience_seconds`, and where a file system knows no locks, the work is done without one.
    """
    deadline = time.monotonic() + patience_seconds
    with ExitStack() as stack:
        while not _is_held(stack, path):
            waiting()
            if time.monotonic() > deadline:
                break
        yield


def _is_held(stack: ExitStack, path: Path) -> bool:
    """Return whether the lock, or the knowledge that there can be none here, is had within POLL_SECONDS."""
    try:
        return stack.enter_context(locked(path, POLL_SECONDS))
    except OSError:
        return True


def scratch(shape: tuple[int, int], folder: Path) -> Float32[np.ndarray, "n d"]:
    """Return an array of zeros in a file of `folder` that has no name, and is gone with the process.

    Raises OutputError where there is no room.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
    except OSError as error:
        raise OutputError(folder, f"no room for {shape[0]} rows ({error.strerror})") from error
