"""A data set as files below a folder."""

import json
import os
import zlib
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from trainer.config.dataset.entries import LABEL_FILE, FileEntry, is_part, most_bytes
from trainer.errors import DataError
from trainer.files import replace_file

Memo = dict[str, list[int]]
"""By name of a file: its size, the time of its last change in nanoseconds, and its CRC-32."""


class Folder:
    """Files below `path`. Symbolic links to folders are not followed, so no loop can hold us.

    The first look at a folder reads all of it. Checksums are remembered in `memo_dir`, if there is one, and hold until
    a file's size or time of change is another.
    """

    def __init__(self, path: Path, memo_dir: Path | None = None) -> None:
        self.path = path
        key = sha256(str(path.resolve()).encode()).hexdigest()[:16]
        self._memo_file = memo_dir / ".checksums" / f"{key}.json" if memo_dir else None

    @cached_property
    def _names(self) -> list[str]:
        found: list[str] = []
        for folder, _, files in os.walk(self.path, onerror=_unreadable):
            inside = Path(folder).relative_to(self.path)
            found += [name for name in ((inside / file).as_posix() for file in files) if is_part(name)]
        return sorted(found)

    @cached_property
    def images(self) -> list[str]:
        return [name for name in self._names if name != LABEL_FILE]

    def entries(self) -> list[FileEntry]:
        before = self._recall()
        now = {name: self._remembered(name, before.get(name)) for name in self._names}
        if now != before:
            self._keep(now)
        return [FileEntry(name, crc, size) for name, (size, _, crc) in now.items()]

    def has(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str) -> bytes:
        size = self._stat(name).st_size
        if size > most_bytes(name):
            raise DataError(self.path / name, f"has {size} bytes, more than an image ever has")
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DataError(self.path / name, f"cannot be read ({error.strerror})") from None

    def _stat(self, name: str) -> os.stat_result:
        try:
            return (self.path / name).stat()
        except OSError as error:
            raise DataError(self.path / name, f"cannot be read ({error.strerror})") from None

    def _remembered(self, name: str, before: list[int] | None) -> list[int]:
        status = self._stat(name)
        if before and before[:2] == [status.st_size, status.st_mtime_ns]:
            return before
        content = self.read(name)
        return [len(content), status.st_mtime_ns, zlib.crc32(content)]

    def _recall(self) -> Memo:
        try:
            memo: Memo = json.loads(self._memo_file.read_bytes()) if self._memo_file else {}
        except (OSError, ValueError):
            return {}
        return memo

    def _keep(self, memo: Memo) -> None:
        """Remember `memo`; where that cannot be written, the folder is read again next time."""
        try:
            if self._memo_file:
                replace_file(self._memo_file, json.dumps(memo))
        except OSError:
            return


def _unreadable(error: OSError) -> None:
    raise DataError(error.filename, f"cannot be read ({error.strerror})")
