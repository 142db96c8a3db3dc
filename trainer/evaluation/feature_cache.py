"""Arrays computed once and cached on disk, atomically and by one process at a time."""

import errno
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32

from trainer.data.array_file import DAMAGED, read_array
from trainer.data.seal import is_file_sealed, seal_file, tell_remade
from trainer.errors import OutputError
from trainer.files import locked

POLL_SECONDS: Final = 0.25
PATIENCE_SECONDS: Final = 3600.0

Shape = tuple[int, int]
"""Rows and columns."""

IsWhole = Callable[[Path], bool]
"""Returns whether a file is there and undamaged."""


def once(paths: list[Path], is_whole: IsWhole, measure: Callable[[], None], waiting: Callable[[], None]) -> None:
    """Call `measure` to write `paths`, unless they are whole and as they were written; wait if another process does it.

    Raises OutputError if they cannot be written.
    """
    if _are_intact(paths, is_whole):
        return
    folder = paths[0].parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(paths[0].with_suffix(".lock"), waiting):
            if not _are_intact(paths, is_whole):
                for path in paths:
                    if not _are_intact([path], is_whole):
                        tell_remade(path)
                measure()
                for path in paths:
                    seal_file(path)
    except OSError as error:
        place = error.filename2 or error.filename or folder
        way_out = "remove it" if error.errno == errno.EISDIR else ""
        raise OutputError(place, f"features cannot be stored here ({error.strerror})", way_out) from error


def _are_intact(paths: list[Path], is_whole: IsWhole) -> bool:
    return all(is_whole(path) and is_file_sealed(path) for path in paths)


def of_shape(shape: Shape) -> IsWhole:
    """Return a function that says whether a file holds an array of this shape, undamaged."""

    def is_whole(path: Path) -> bool:
        try:
            found = read_array(path, np.float32)
        except OSError:
            return False
        return found is not None and found.shape == shape

    return is_whole


def stored_arrays(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray] | None:
    """Return the arrays of an .npz file, by name; None if it is missing or damaged, or they have other shapes."""
    try:
        if not path.is_file() or not zipfile.is_zipfile(path):
            return None
        with np.load(path, allow_pickle=False) as stored:
            found = {name: stored[name] for name in shapes}
    except (OSError, *DAMAGED, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return None
    return found if all(_is_of_shape(found[name], shape) for name, shape in shapes.items()) else None


def _is_of_shape(found: object, shape: tuple[int, ...]) -> bool:
    return isinstance(found, np.ndarray) and found.shape == shape and found.dtype.kind in "fiu"


def written(path: Path, shape: Shape) -> "np.memmap[tuple[int, int], np.dtype[np.float32]]":
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


def scratch(shape: Shape, folder: Path) -> Float32[np.ndarray, "n d"]:
    """Return an array of zeros in an unnamed file of `folder`, freed with the process.

    Raises OutputError if there is not enough space.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
    except OSError as error:
        raise OutputError(folder, f"not enough space for {shape[0]} rows ({error.strerror})") from error
