"""A data set as a ZIP file, read with care: the file may be broken, or built to do harm."""

import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from trainer.config.dataset.entries import LABEL_FILE, FileEntry, is_part, most_bytes
from trainer.errors import DataError

MAX_RATIO = 1200
"""DEFLATE expands no more than 1032 times: an entry that claims more lies, or means harm."""


class Zip:
    """The files in a ZIP. Only its central directory is read until an image is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DataError(path, f"is not a readable ZIP file ({error})", "copy or prepare it again") from None
        self._infos = {info.filename: info for info in self._parts()}

    @cached_property
    def images(self) -> list[str]:
        return sorted(name for name in self._infos if name != LABEL_FILE)

    def entries(self) -> list[FileEntry]:
        return [FileEntry(info.filename, info.CRC, info.file_size) for info in self._infos.values()]

    def has(self, name: str) -> bool:
        return name in self._infos

    def read(self, name: str) -> bytes:
        try:
            return self._file.read(self._infos[name])
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise DataError(f"{self.path}/{name}", f"cannot be unpacked ({error})") from None

    def _parts(self) -> Iterator[zipfile.ZipInfo]:
        seen: set[str] = set()
        for info in self._file.infolist():
            _refuse_hostile(self.path, info)
            if info.filename in seen:
                raise DataError(f"{self.path}/{info.filename}", "stands in the ZIP twice")
            seen.add(info.filename)
            if not info.is_dir() and is_part(info.filename):
                yield info


def _refuse_hostile(path: Path, info: zipfile.ZipInfo) -> None:
    """Refuse names that climb out of the archive, and entries that would unpack to absurd sizes."""
    name, place = info.filename, f"{path}/{info.filename}"
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name.split("/")[0]:
        raise DataError(place, "has a name that leads out of the archive")
    if info.flag_bits & 0x1:
        raise DataError(place, "is encrypted")
    if info.file_size > most_bytes(name) or info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise DataError(place, f"would unpack {info.compress_size} bytes to {info.file_size}")
