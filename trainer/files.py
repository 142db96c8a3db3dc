"""Crash-safe files: atomic and durable writes, appending JSON lines, locks.

A file is written beside its target under a unique name (`.NAME.HOST.PID-RANDOM.tmp`), synced, then renamed. The name
identifies the leftovers of a killed writer: `remove_abandoned` removes them once the writer is dead.

A writer with a `Guard` checks it between writing and renaming, and its temporary files carry the guard's token. To
fence out a writer, first make its guard fail, then remove its temporary files (`remove_marked`): without them it cannot
rename, so nothing of it appears afterwards, no matter where the writer was delayed.
"""

import errno
import json
import os
import re
import shutil
import socket
import stat
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

TEMPORARY = re.compile(r"^\..+\.(?P<host>[^.]+)\.(?P<pid>\d+)-[0-9a-f]{8}\.tmp$")
NO_FOLDER = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EACCES}
MARKED = re.compile(r"^\..+\.t(?P<token>\d{4,})\.[^.]+\.\d+-[0-9a-f]{8}\.tmp$")


@runtime_checkable
class Guard(Protocol):
    """Permission to write: `check` raises once it is lost. `token` marks temporary files."""

    @property
    def token(self) -> int: ...

    def check(self) -> None: ...


def replace_file(path: Path, content: str | bytes, guard: Guard | None = None) -> None:
    """Write `content` to `path` atomically: after a crash, and for readers, it has the old content or the new."""
    with replacing(path, guard) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path, guard: Guard | None = None) -> Iterator[Path]:
    """Yield a temporary name for a file or folder; on success, sync it and rename it to `path`.

    Raises OSError if that fails, `path` has no name, or a device is there, and what the guard raises; then, and after
    any other exception, `path` is unchanged.
    """
    if not path.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    make_folder(path.parent)
    _require_no_device(path)
    temporary = temporary_name(path, guard)
    try:
        yield temporary
        if not temporary.is_symlink():
            sync(temporary)
        if guard:
            guard.check()
        temporary.replace(path)
    except OSError as error:
        if guard and isinstance(error, FileNotFoundError):
            guard.check()
        error.filename = error.filename or str(path)
        if _is_refused(error, temporary):
            raise _refusal(path) from None
        raise
    finally:
        discard(temporary)
    sync(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, unless they exist. Raises OSError: EOPNOTSUPP where none may be (/proc)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:  # the folders above were just made, or refused
        raise _refusal(error.filename) from None


def _is_refused(error: OSError, temporary: Path) -> bool:
    """Return whether a new file could not be created although its folder is there, as in /proc."""
    made = error.filename == str(temporary) and error.filename2 is None
    return isinstance(error, FileNotFoundError) and made and temporary.parent.is_dir()


def _refusal(place: str | Path) -> OSError:
    return OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), str(place))


def _require_no_device(path: Path) -> None:
    """Raise OSError if a device, or a link to one, is at `path`: whoever may do so would replace /dev/null."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise OSError(errno.EPERM, "is a device", str(path))


def create_file(path: Path, content: str) -> bool:
    """Write `content` to `path` atomically; return False, and write nothing, if the file exists."""
    make_folder(path.parent)
    temporary = temporary_name(path)
    try:
        temporary.write_text(content, encoding="utf-8")
        sync(temporary)
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)
    return True


def create_folder(path: Path, fill: Callable[[Path], object], guard: Guard | None = None) -> bool:
    """Let `fill` write into a new folder, then rename it to `path`; return False, and keep nothing, if that exists.

    `fill` syncs files that readers would not recognise as torn.
    """
    try:
        with replacing(path, guard) as draft:
            draft.mkdir()
            fill(draft)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY) and path.is_dir():
            return False
        raise
    return True


def temporary_name(path: Path, guard: Guard | None = None) -> Path:
    """Return a name beside `path`, unique across processes, threads and hosts, that identifies its writer."""
    mark = f".t{guard.token:04d}" if guard else ""
    return path.with_name(f".{path.name}{mark}.{_host()}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")


def remove_marked(folder: Path, below: int) -> None:
    """Remove the temporary files directly in `folder` whose writers have a lower token than `below`."""
    for path in matching(folder, ".*.tmp"):
        match = MARKED.match(path.name)
        if match and int(match["token"]) < below:
            discard(path)


def remove_abandoned(folder: Path) -> list[Path]:
    """Remove, and return, the temporary files directly in `folder` of dead processes of this host."""
    gone = [path for path in matching(folder, ".*.tmp") if _is_abandoned(path.name)]
    for path in gone:
        discard(path)
    return gone


def discard(path: Path) -> None:
    """Remove a temporary file or folder, if it still exists."""
    if path.is_dir() and not path.is_symlink():
        with suppress(FileNotFoundError):  # another process may remove it concurrently
            shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_abandoned(name: str) -> bool:
    match = TEMPORARY.match(name)
    return match is not None and match["host"] == _host() and not _is_alive(int(match["pid"]))


def _host() -> str:
    return socket.gethostname().replace(".", "_")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def is_unreadable(folder: Path) -> bool:
    """Return whether there is a folder that this user may not read, such as that of a colleague."""
    return os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK)


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return the paths in a folder that match, sorted, as Path.glob does; none if it is missing or leads nowhere.

    Path.glob, depending on Python's version, ends at a link to too long a name.
    """
    first, _, rest = pattern.partition("/")
    if first == "**":
        below = [Path(one) for one, _, _ in os.walk(folder, onerror=_raise_unless_no_folder)]
        return sorted({path for one in below for path in matching(one, rest)} if rest else below)
    named = [folder / name for name in _names(folder) if fnmatchcase(name, first)]
    return (
        sorted(path for one in named if os.path.isdir(one) for path in matching(one, rest)) if rest else sorted(named)
    )


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        _raise_unless_no_folder(error)
        return []


def _raise_unless_no_folder(error: OSError) -> None:
    if error.errno not in NO_FOLDER:
        raise error


def sync(path: Path) -> None:
    """Sync a file, or the entries of a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, wait_seconds: float | None = None) -> Iterator[bool]:
    """Hold the lock file `path` and yield True; yield False if it cannot be acquired within `wait_seconds`.

    The kernel releases the lock when its holder dies, so a leftover file does not block. Raises OSError if the file
    system does not support locks, or cannot be written to.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=-1 if wait_seconds is None else wait_seconds)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    except NotImplementedError as error:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), str(path)) from error
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def locked_if_possible(path: Path, wait_seconds: float | None = None) -> Iterator[bool]:
    """Like `locked`, for locks that only avoid duplicate work: if locks are not supported, yield False at once."""
    with ExitStack() as stack:
        try:
            held = stack.enter_context(locked(path, wait_seconds))
        except OSError:
            held = False
        yield held


def append_lines(path: Path, rows: Sequence[Mapping[str, Any]], guard: Guard | None = None) -> None:
    """Append `rows` to a .jsonl file in one synced write; a torn last line from an earlier crash is terminated first.

    So a checkpoint written afterwards never survives without these rows, even if the power fails. The guard is checked
    after the file is opened: once the guard fails and a copy replaces the file, no more rows reach the copy.
    """
    make_folder(path.parent)
    text = "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows)
    with path.open("a+b") as file:
        if file.tell() and _last_byte(file) != b"\n":
            text = "\n" + text
        if guard:
            guard.check()
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def read_regular(path: Path, last_bytes: int | None = None) -> bytes:
    """Return the content of a regular file, or its last bytes.

    Raises OSError for anything else: a pipe, for example, would never end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if last_bytes is not None:
            file.seek(max(0, os.fstat(descriptor).st_size - last_bytes))
        return file.read()


def parsed_json(text: bytes) -> Any:
    """Return the value of a JSON text. Raises ValueError if it is invalid, not UTF-8 or nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("brackets are nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a .jsonl file in order, unvalidated; skips other lines; yields none if it cannot be read."""
    try:
        content = read_regular(path)
    except OSError:
        return
    for line in content.split(b"\n"):
        with suppress(ValueError):
            row = parsed_json(line)
            if isinstance(row, dict):
                yield row


def strict_json(value: Any, indent: int | None = None) -> str:
    """Return a value as standard JSON: NaN and infinity become null, types that JSON lacks become text."""
    try:
        return json.dumps(value, indent=indent, allow_nan=False, default=_plain)
    except ValueError:
        return json.dumps(_finite(value), indent=indent, allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
