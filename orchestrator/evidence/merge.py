"""Merges evidence into a store. Nothing newer is lost, and merging again changes nothing."""

import contextlib
import errno
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from orchestrator.errors import LeaseHeld, LeaseSuperseded
from orchestrator.evidence.contents import Rule
from orchestrator.evidence.intact import is_intact
from orchestrator.evidence.manifest import PackedFile
from orchestrator.evidence.pack import without_root
from orchestrator.store.layout import Store, writing
from orchestrator.store.lease import Lease, acquire
from trainer.config.stored import is_moment
from trainer.errors import UserError
from trainer.files import parsed_json, remove_abandoned, replacing
from trainer.record import RunDir
from trainer.recording.fence import ENDED

IN_THE_WAY = frozenset(
    {errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG, errno.EACCES, errno.EPERM}
)
"""Why a file cannot be written although others can: what is in its place, or whose that is."""


class Blocked(UserError):
    """Something in a folder is in the way of its evidence."""


class TrainedApart(Exception):
    """A trial was trained in both stores, or anew in one: one curve of the rows of both would be that of neither."""


class EvidenceSource(Protocol):
    """A source of evidence: a pack or another store."""

    @property
    def files(self) -> Sequence[PackedFile]: ...

    def read(self, file: PackedFile) -> bytes: ...


class FileVersion(NamedTuple):
    """One version of a file: its content and modification time (Unix nanoseconds)."""

    content: bytes
    modified_ns: int


class FileUpdate(NamedTuple):
    """A file to write."""

    path: Path
    version: FileVersion


class Merged(NamedTuple):
    """The result of a merge: numbers of files written and unchanged, and the folders that were skipped.

    Folders are skipped because they are `in_use`, because something is in the way (`blocked`), or because a trial was
    trained on both sides (`apart`).
    """

    written: int
    unchanged: int
    in_use: list[str]
    blocked: list[Blocked]
    apart: tuple[str, ...] = ()

    def require_nothing_in_the_way(self) -> None:
        """Raise Blocked if something was in the way of a folder."""
        for obstacle in self.blocked:
            raise obstacle


def merge(store: Store, source: EvidenceSource, *, dry_run: bool = False) -> Merged:
    """Merge `source` into `store`, without what is running, has something in the way, or was trained on both sides.

    Raises StoreError if the store cannot be written to, such as on a full disk.
    """
    groups: dict[str, list[PackedFile]] = defaultdict(list)
    for file in source.files:
        groups[file.folder].append(file)
    if not dry_run:
        store.require_writable()
    written, unchanged, in_use, blocked, apart = 0, 0, list[str](), list[Blocked](), list[str]()
    for folder, files in groups.items():
        try:
            changed = _merge_folder(store, source, folder, files, dry_run=dry_run)
        except (LeaseHeld, LeaseSuperseded):
            in_use.append(folder)
        except Blocked as obstacle:
            blocked.append(obstacle)
        except TrainedApart:
            apart.append(folder)
        else:
            written, unchanged = written + changed, unchanged + len(files) - changed
    return Merged(written, unchanged, in_use, blocked, tuple(apart))


def _merge_folder(store: Store, source: EvidenceSource, folder: str, files: list[PackedFile], *, dry_run: bool) -> int:
    """Write the missing and newer files of one folder, and return their number."""
    with writing(store.root / folder), _in_the_way(store.root / folder):
        _require_one_training(store, source, files)
        planned = sum(1 for _ in _changes(store, source, files))
        if not planned or dry_run:
            return planned
        with _lease_on(store.root / folder, files) as lease:
            return sum(1 for change in _changes(store, source, files) if _write(change, lease))


def _require_one_training(store: Store, source: EvidenceSource, files: Sequence[PackedFile]) -> None:
    """Raise TrainedApart if the rows of both sides are not of one training.

    That is so if each side has rows that the other lacks, or rows that the other has set aside.
    """
    if not files[0].path.startswith("trials/"):
        return
    run = RunDir(store.root / files[0].folder)
    ours_now, ours_before = _ticks_of(run), {row for training in run.abandoned() for row in _ticks_of(training)}
    there = {file: _whole_rows(source.read(file)) for file in files if file.path.endswith("/ticks.jsonl")}
    now = {row for file, rows in there.items() if not _is_set_aside(file) for row in rows}
    before = {row for file, rows in there.items() if _is_set_aside(file) for row in rows}
    if not (ours_now <= now or now <= ours_now) or ours_now & before or now & ours_before:
        raise TrainedApart


def _is_set_aside(file: PackedFile) -> bool:
    return "/set-aside/" in file.path


def _ticks_of(training: RunDir) -> set[bytes]:
    try:
        return _whole_rows(training.ticks.read_bytes())
    except FileNotFoundError:
        return set()


def _whole_rows(content: bytes) -> set[bytes]:
    return {line for line in content.splitlines() if _time(line) is not None}


@contextlib.contextmanager
def _in_the_way(folder: Path) -> Iterator[None]:
    """Convert an OSError that concerns this folder alone into Blocked."""
    try:
        yield
    except OSError as error:
        if error.errno not in IN_THE_WAY:
            raise
        place, reason = error.filename2 or error.filename or folder, error.strerror or str(error)
        raise Blocked(place, reason.lower(), "move it away and merge again") from None


@contextlib.contextmanager
def _lease_on(folder: Path, files: Sequence[PackedFile]) -> Iterator[Lease | None]:
    """Hold the lease of a trial or search during the merge, above the tokens among `files`. Raises LeaseHeld."""
    if not any(file.what.rule is Rule.LOG or file.path.startswith("trials/") for file in files):
        yield None
        return
    lease = acquire(folder)
    try:
        lease = lease.raised_above(_top_token(files))
        yield lease
    finally:
        lease.release()


def _top_token(files: Sequence[PackedFile]) -> int:
    """Return the highest token of a lease among files, 0 if there is none."""
    tokens = (file.path.rpartition("/")[2].removesuffix(ENDED) for file in files if file.what.name == "lease")
    return max(map(int, tokens), default=0)


def _changes(store: Store, source: EvidenceSource, files: Sequence[PackedFile]) -> Iterator[FileUpdate]:
    for file in files:
        path = store.root / file.path
        if file.what.rule is Rule.KEEP and path.is_file() and is_intact(path):
            continue
        version = _chosen(file, path, _version(store, file), FileVersion(source.read(file), file.modified_ns))
        if version:
            yield FileUpdate(path, version)


def _chosen(file: PackedFile, path: Path, ours: FileVersion | None, theirs: FileVersion) -> FileVersion | None:
    """Return the version that replaces `ours`, or None to keep it: of two versions the only intact one, or `merged`.

    Rows are merged in any case: those that are damaged are passed over.
    """
    rule = file.what.rule
    if ours is None or ours.content == theirs.content or rule is Rule.ROWS:
        return merged(rule, ours, theirs)
    is_ours_intact, is_theirs_intact = is_intact(path, ours.content), is_intact(path, theirs.content)
    if is_ours_intact is is_theirs_intact:
        return merged(rule, ours, theirs)
    return theirs if is_theirs_intact else None


def _version(store: Store, file: PackedFile) -> FileVersion | None:
    """Return the store's version of a file as it would be packed, None if there is none."""
    path = store.root / file.path
    if path.exists() and not path.is_file():
        raise IsADirectoryError(errno.EISDIR, "is not a file", str(path))
    try:
        return FileVersion(without_root(file.what, path.read_bytes(), store.root), path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None


def _write(change: FileUpdate, lease: Lease | None) -> bool:
    path, (content, modified) = change
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    with replacing(path, lease) as temporary:
        temporary.write_bytes(content)
        os.utime(temporary, ns=(modified, modified))
    return True


def merged(rule: Rule, ours: FileVersion | None, theirs: FileVersion) -> FileVersion | None:
    """Return the version that replaces `ours`, or None to keep it."""
    if ours is None:
        return theirs
    if ours.content == theirs.content or rule is Rule.KEEP:
        return None
    if rule is Rule.NEWEST:
        return theirs if (theirs.modified_ns, theirs.content) > (ours.modified_ns, ours.content) else None
    if rule is Rule.LOG:
        return theirs if theirs.content.startswith(ours.content) else None
    return _with_rows_of_both(ours, theirs)


def _with_rows_of_both(ours: FileVersion, theirs: FileVersion) -> FileVersion | None:
    """Return all rows, sorted by time if neither version has them all: readers use the last row of its kind."""
    here, there = ours.content.splitlines(), theirs.content.splitlines()
    if set(there) <= set(here):
        return None
    if set(here) <= set(there):
        return theirs
    rows = sorted((time, line) for line in {*here, *there} if (time := _time(line)) is not None)
    content = b"".join(line + b"\n" for _, line in rows)
    return FileVersion(content, max(ours.modified_ns, theirs.modified_ns))


def _time(line: bytes) -> float | None:
    """Return the time of a row, 0 if it has none; None for an invalid row, such as one torn by a crash."""
    try:
        row = parsed_json(line)
    except ValueError:
        return None
    if not isinstance(row, dict):
        return None
    time = row.get("time", 0.0)
    return float(time) if is_moment(time) else 0.0
