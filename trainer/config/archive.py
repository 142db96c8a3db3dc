"""Where the images of a data set lie: a folder, or a ZIP of one. Read only, and wary of hostile archives.

    00000/img00000000.png ...      images, in any folders
    dataset.json                   optional: {"labels": [["00000/img00000000.png", 6], ...]}

Files of other kinds are passed over. Names are relative, with forward slashes, in sorted order.
"""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from trainer.errors import DataError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
LABEL_FILE = "dataset.json"
MAX_FILE_BYTES = 256 << 20
MAX_LABEL_BYTES = 1 << 30
MAX_RATIO = 1200
"""DEFLATE cannot expand more than 1032 times: an entry that claims more lies."""


class Entry(NamedTuple):
    """One file by content: its name within the set, the CRC-32 and the number of its bytes."""

    name: str
    crc: int
    size: int


class Archive(Protocol):
    """The files of a data set, wherever they are."""

    path: Path

    @property
    def images(self) -> list[str]:
        """Names of all images, sorted."""

    def entries(self) -> list[Entry]:
        """Images and label file by content."""

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""

    def read(self, name: str) -> bytes:
        """The content of one file. Safe to call from several threads."""


def open_archive(path: Path) -> Archive:
    """Return the folder or ZIP at `path`. Raises DataError when it is missing or neither."""
    if path.is_dir():
        return Folder(path)
    if path.is_file():
        return Zip(path)
    raise DataError(path, "no such folder or ZIP file")


def fingerprint(entries: Iterable[Entry]) -> str:
    """Return 16 hexadecimal digits of SHA-256 over (name, CRC-32, size) of all files, sorted by name."""
    digest = hashlib.sha256()
    for entry in sorted(entries):
        digest.update(f"{entry.name}\0{entry.crc:08x}\0{entry.size}\n".encode())
    return digest.hexdigest()[:16]


class Folder:
    """A data set as files below a folder. Symbolic links to folders are not followed, so no loop can hold us."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _names(self) -> list[str]:
        found: list[str] = []
        for folder, _, files in os.walk(self.path, onerror=_unreadable):
            inside = Path(folder).relative_to(self.path)
            found += [(inside / file).as_posix() for file in files if _wanted((inside / file).as_posix())]
        return sorted(found)

    @cached_property
    def images(self) -> list[str]:
        return [name for name in self._names if name != LABEL_FILE]

    def entries(self) -> list[Entry]:
        return [self._entry(name) for name in self._names]

    def _entry(self, name: str) -> Entry:
        content = self.read(name)
        return Entry(name, zlib.crc32(content), len(content))

    def has(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str) -> bytes:
        file = self.path / name
        try:
            size = file.stat().st_size
            if size > (MAX_LABEL_BYTES if name == LABEL_FILE else MAX_FILE_BYTES):
                raise DataError(file, f"{size} bytes is too large for an image")
            return file.read_bytes()
        except OSError as error:
            raise DataError(file, f"cannot be read ({error.strerror})") from None


class Zip:
    """A data set as a ZIP file. Only its central directory is read until an image is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DataError(path, f"is not a readable ZIP file ({error})", "copy or prepare it again") from None
        self._infos = {info.filename: info for info in self._wanted_infos()}

    def _wanted_infos(self) -> Iterator[zipfile.ZipInfo]:
        for info in self._file.infolist():
            _refuse_hostile(self.path, info)
            if not info.is_dir() and _wanted(info.filename):
                yield info

    @cached_property
    def images(self) -> list[str]:
        return sorted(name for name in self._infos if name != LABEL_FILE)

    def entries(self) -> list[Entry]:
        return [Entry(info.filename, info.CRC, info.file_size) for info in self._infos.values()]

    def has(self, name: str) -> bool:
        return name in self._infos

    def read(self, name: str) -> bytes:
        info = self._infos[name]
        try:
            return self._file.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise DataError(f"{self.path}/{name}", f"cannot be unpacked ({error})") from None


def _wanted(name: str) -> bool:
    if name == LABEL_FILE:
        return True
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return path.suffix.lower() in IMAGE_SUFFIXES and not hidden


def _refuse_hostile(path: Path, info: zipfile.ZipInfo) -> None:
    """Refuse names that climb out of the archive, and entries that would unpack to absurd sizes."""
    name, place = info.filename, f"{path}/{info.filename!r}"
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name.split("/")[0]:
        raise DataError(place, "has a name that leads out of the archive")
    if info.flag_bits & 0x1:
        raise DataError(place, "is encrypted")
    if info.file_size > (MAX_LABEL_BYTES if name == LABEL_FILE else MAX_FILE_BYTES):
        raise DataError(place, f"would unpack to {info.file_size} bytes")
    if info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise DataError(place, f"would unpack {info.compress_size} bytes to {info.file_size}")


def _unreadable(error: OSError) -> None:
    raise DataError(error.filename, f"cannot be read ({error.strerror})")
