"""Arrays that are measured once and kept on disk: whole or not at all, by one process at a time."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from trainer.errors import OutputError
from trainer.evaluation.locks import one_at_a_time


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
def appearing(path: Path) -> Iterator[Path]:
    """Give a name to write to, and rename it to `path` if all went well: readers see a whole file or none."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
