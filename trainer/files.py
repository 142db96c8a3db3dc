"""Files that survive a crash: whole or not there, on the disk when the call returns; rows in lines; locks.

A file is written beside its place under a name of its own (`.NAME.HOST.PID-RANDOM.tmp`), brought to the disk, then
renamed. What a killed writer leaves is known by that name: `remove_abandoned` takes it away once the writer is dead.

A writer with a `Guard` asks it between writing and renaming. What is marked so is no longer renamed once the temporary
file is gone: whoever takes a writer's right to write first shuts its guard, then removes its temporary files
(`remove_marked`), and may be sure that nothing of it appears from then on, wherever the writer was held up.
"""

import errno
import json
import os
import re
import shutil
import socket
import stat
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

TEMPORARY = re.compile(r"^\..+\.(?P<host>[^.]+)\.(?P<pid>\d+)-[0-9a-f]{8}\.tmp$")
MARKED = re.compile(r"^\..+\.t(?P<token>\d{4,})\.[^.]+\.\d+-[0-9a-f]{8}\.tmp$")
PERMISSIONS = 0o666


@runtime_checkable
class Guard(Protocol):
    """Says whether its writer may still write: `check` raises where it may not. Its token marks temporary files."""

    @property
    def token(self) -> int: ...

    def check(self) -> None: ...


def replace_file(path: Path, content: str | bytes, guard: Guard | None = None) -> None:
    """Write `content` to `path` so that a reader, or a crash, sees the old content or the new, never a part."""
    with replacing(path, guard) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path, guard: Guard | None = None) -> Iterator[Path]:
    """Give a name for a file, or a folder; if all goes well, bring it to the disk and rename it to `path`.

    Raises OSError where that cannot be done, and what the guard raises; then, and after any other exception, `path` is
    as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path, guard)
    try:
        yield temporary
        if not temporary.is_symlink():
            sync(temporary)
        if guard:
            guard.check()
        temporary.replace(path)
    except FileNotFoundError:
        if guard:
            guard.check()
        raise
    finally:
        _discard(temporary)
    sync(path.parent)


def create_file(path: Path, content: str) -> bool:
    """Write `content` to `path`, whole; return False, and write nothing, where there is a file of this name."""
    path.parent.mkdir(parents=True, exist_ok=True)
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


def temporary_name(path: Path, guard: Guard | None = None) -> Path:
    """Return a name beside `path` that no other process, thread or host uses, and that says whose it is."""
    mark = f".t{guard.token:04d}" if guard else ""
    return path.with_name(f".{path.name}{mark}.{_host()}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")


def remove_marked(folder: Path, below: int) -> None:
    """Remove the temporary files directly in `folder` whose writers have a lower token than `below`."""
    for path in folder.glob(".*.tmp"):
        match = MARKED.match(path.name)
        if match and int(match["token"]) < below:
            _discard(path)


def remove_abandoned(folder: Path) -> list[Path]:
    """Remove what dead writers, processes of this host, left half-written directly in `folder`, and return it."""
    gone = [path for path in folder.glob(".*.tmp") if _is_abandoned(path.name)]
    for path in gone:
        _discard(path)
    return gone


def _discard(path: Path) -> None:
    """Remove a temporary file or folder, if it is still there."""
    if path.is_dir() and not path.is_symlink():
        with suppress(FileNotFoundError):  # somebody else sweeps, too
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


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, wait_seconds: float | None = None) -> Iterator[bool]:
    """Hold the lock file `path` and yield True; False where another holds it for longer than `wait_seconds`.

    The kernel frees a lock when its holder dies, so a file left behind locks nobody out. Raises OSError where the file
    system knows no locks, or nothing can be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=-1 if wait_seconds is None else wait_seconds, mode=PERMISSIONS)
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
    """Like `locked`, for work that a lock only saves from being done twice: without locks, yield False at once."""
    with ExitStack() as stack:
        try:
            held = stack.enter_context(locked(path, wait_seconds))
        except OSError:
            held = False
        yield held


def append_lines(path: Path, rows: Sequence[Mapping[str, Any]], guard: Guard | None = None) -> None:
    """Append `rows` to a .jsonl file in one write, onto the disk; a torn last line of a crash before is closed off.

    A checkpoint written afterwards thus never outlives the rows before it, not even when the power fails. The guard is
    asked once the file is open: whoever shuts it, and then puts a copy in the file's place, gets no row from then on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
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
    """Return the content of a regular file, or the end of it.

    Raises OSError for whatever else has this name: a pipe would never end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if last_bytes is not None:
            file.seek(max(0, os.fstat(descriptor).st_size - last_bytes))
        return file.read()


def parsed_json(text: bytes) -> Any:
    """Return what a JSON text says. Raises ValueError for all that is none, and what Python does not take in."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("brackets are nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a .jsonl file in order, whatever they say; other lines are passed over; none of no file."""
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
    """Return a value as JSON that every reader takes: no NaN, no infinity; what JSON lacks becomes text."""
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
