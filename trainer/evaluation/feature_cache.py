"""Arrays computed once and cached on disk, atomically and by one process at a time."""

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
    """Call `measure` to write `paths`, unless they exist; wait if another process is writing them.

    Raises OutputError if the folder cannot be created.
    """
    if all(path.exists() for path in paths):
        return
    folder = paths[0].parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(folder, f"features cannot be stored here ({error.strerror})") from error
    with one_at_a_time(paths[0].with_suffix(".lock"), waiting):
        if not all(path.exists() for path in paths):
            measure()


def written(path: Path, shape: tuple[int, int]) -> "np.memmap[tuple[int, int], np.dtype[np.float32]]":
    """Return a new memory-mapped file of zeros."""
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)


def mapped(path: Path) -> Float32[np.ndarray, "n d"]:
    """Return a file's rows as a memory map."""
    rows: Float32[np.ndarray, "n d"] = np.load(path, mmap_mode="r", allow_pickle=False)
    return rows


@contextmanager
def one_at_a_time(
    path: Path, waiting: Callable[[], None], patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Hold the lock `path`, calling `waiting` repeatedly until it is acquired. It only avoids duplicate work.

    After `patience_seconds`, or if the file system does not support locks, continue without it.
    """
    deadline = time.monotonic() + patience_seconds
    with ExitStack() as stack:
        while not _is_held(stack, path):
            waiting()
            if time.monotonic() > deadline:
                break
        yield


def _is_held(stack: ExitStack, path: Path) -> bool:
    """Return whether the lock was acquired within POLL_SECONDS, or is not supported here."""
    try:
        return stack.enter_context(locked(path, POLL_SECONDS))
    except OSError:
        return True


def scratch(shape: tuple[int, int], folder: Path) -> Float32[np.ndarray, "n d"]:
    """Return an array of zeros in an unnamed file of `folder`, freed with the process.

    Raises OutputError if there is not enough space.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
    except OSError as error:
        raise OutputError(folder, f"not enough space for {shape[0]} rows ({error.strerror})") from error
