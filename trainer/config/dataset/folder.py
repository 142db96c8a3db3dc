"""A data set as files below a folder."""

import json
import os
import zlib
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from trainer.config.dataset.entries import MAX_IMAGE_BYTES, FileEntry
from trainer.config.dataset.listing import Listing, listing
from trainer.config.dataset.memo import state_of
from trainer.config.dataset.regular import read_regular, require_regular
from trainer.config.dataset.walk import FolderContent, walk
from trainer.files import replace_file

Memo = dict[str, list[int]]
"""By file name: its state (see `state_of`), and its CRC-32."""


class Folder:
    """Files below `path`; links to folders are followed only with `follow_links`, and each folder is read once.

    The first use of a folder reads all of it. Checksums are cached in `memo_dir`, if given, and are valid until a file
    is written, replaced or renamed, also by another one of the same size and time.
    """

    def __init__(self, path: Path, memo_dir: Path | None = None, follow_links: bool = False) -> None:
        self.path = path
        self._follow_links = follow_links
        key = sha256(os.fsencode(path.resolve())).hexdigest()[:16]
        self._memo_file = memo_dir / ".checksums" / f"{key}.json" if memo_dir else None

    @property
    def images(self) -> list[str]:
        return self._listing.images

    @property
    def label_file(self) -> str | None:
        return self._listing.label_file

    @property
    def remarks(self) -> list[str]:
        return [*self._listing.remarks, *self._found.remarks()]

    @cached_property
    def _found(self) -> FolderContent:
        return walk(self.path, self._follow_links)

    @cached_property
    def _listing(self) -> Listing:
        return listing(self._found.names)

    def entries(self) -> list[FileEntry]:
        before = self._recall()
        names = [*self.images, *([self.label_file] if self.label_file else [])]
        now = {name: self._remembered(name, before.get(name)) for name in names}
        if now != before:
            self._keep(now)
        return [FileEntry(name, crc, size) for name, (_, size, *_, crc) in now.items()]

    def read(self, name: str, most: int = MAX_IMAGE_BYTES) -> bytes:
        return read_regular(self.path / name, most)

    def _remembered(self, name: str, before: list[int] | None) -> list[int]:
        require_regular(self.path / name)
        state = [*state_of(self.path / name)]
        return before if before and before[:-1] == state else [*state, zlib.crc32(self.read(name))]

    def _recall(self) -> Memo:
        try:
            memo = json.loads(self._memo_file.read_bytes()) if self._memo_file else {}
        except (OSError, ValueError, RecursionError):
            return {}
        return memo if isinstance(memo, dict) and all(map(_is_memory, memo.values())) else {}

    def _keep(self, memo: Memo) -> None:
        """Save `memo`; if it cannot be written, the folder is read again next time."""
        try:
            if self._memo_file:
                replace_file(self._memo_file, json.dumps(memo))
        except OSError:
            return


def _is_memory(value: object) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [int] * 5
