"""Paths given by users, and reading of regular files only: a pipe would block its reader, a device never ends."""

import os
import stat
from pathlib import Path

from trainer.errors import DataError

SHOWN = 100


def usable_path(text: str | Path) -> Path:
    """Return the path that a user gave, with ~ expanded. Raises DataError if no file can have such a path."""
    place = str(text) if len(str(text)) <= SHOWN else f"{str(text)[:SHOWN]}..."
    path = expanded(text)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except OSError as error:
        raise DataError(place, f"cannot be used ({error.strerror})") from None
    except ValueError as error:
        raise DataError(place, f"cannot be a path ({error})") from None
    return path


def expanded(text: str | Path) -> Path:
    """Return a path with ~ expanded. Raises DataError if it starts at the home of a user who has none."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        user = Path(text).parts[0]
        raise DataError(str(text)[:SHOWN], f"{user} is no user's home here", f"for a name, write ./{user}") from None


def require_regular(path: Path) -> int:
    """Return the bytes of the file at `path`. Raises DataError unless it is a regular file or a link to one."""
    try:
        return _regular_size(path.stat(), path)
    except OSError as error:
        raise _unreadable(path, error) from None


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of the file at `path`. Raises DataError if it is not regular or larger than `most` bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            size = _regular_size(os.fstat(descriptor), path)
            content = b"" if size > most else file.read(most + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if max(size, len(content)) > most:
        raise DataError(path, f"has {max(size, len(content))} bytes; at most {most} are read")
    return content


def _regular_size(status: os.stat_result, path: Path) -> int:
    if not stat.S_ISREG(status.st_mode):
        raise DataError(path, f"is {_kind(status.st_mode)}, not a regular file")
    return status.st_size


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((name for is_kind, name in kinds if is_kind(mode)), "a device")


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(path, f"cannot be read ({error.strerror})")
