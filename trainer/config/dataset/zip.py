"""A data set as a ZIP file, read defensively: the file may be damaged or malicious."""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from trainer.config.dataset.entries import MAX_IMAGE_BYTES, FileEntry, is_image
from trainer.config.dataset.listing import Listing, listing, some_of
from trainer.errors import READABLE, UNREADABLE, DataError, counted

MAX_RATIO = 1200
"""DEFLATE expands at most 1032 times: an entry that claims more is damaged or malicious."""

METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Compression methods that unpack no more than requested: bzip2 turns 50 bytes into 45 MB at once."""

OTHER_METHODS = {9: "deflate64", zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma"}
DRIVE = re.compile("[A-Za-z]:(/|$)")
"""The beginning of an absolute path of Windows; other colons are part of names, such as those of screenshots."""

READ_AT_ONCE = 1 << 16
"""Bytes to read at a time, whatever size an entry claims."""

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    OverflowError,
    MemoryError,
)
"""What `zipfile` raises for damaged or unsupported files."""


class Zip:
    """The files in a ZIP. Only its central directory is read until an image is requested.

    Backslashes in names, as written by some Windows tools, are read as slashes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = zipfile.ZipFile(path)
        except PermissionError:
            raise DataError(path, UNREADABLE, READABLE) from None
        except DAMAGE as error:
            raise DataError(path, f"is not a readable ZIP file ({error})", "copy or prepare it again") from None
        self._infos = dict(self._files())

    @property
    def images(self) -> list[str]:
        return self._listing.images

    @property
    def label_file(self) -> str | None:
        return self._listing.label_file

    @property
    def remarks(self) -> list[str]:
        links = sorted(name for name, info in self._infos.items() if _is_link(info))
        skipped = f"skipped: {counted(len(links), 'link')} stored in the ZIP ({some_of(links)})"
        return [*self._listing.remarks, *([skipped] if links else [])]

    @cached_property
    def _listing(self) -> Listing:
        return listing(name for name, info in self._infos.items() if not _is_link(info))

    def entries(self) -> list[FileEntry]:
        infos = {name: self._infos[name] for name in (*self.images, self.label_file) if name}
        return [FileEntry(name, info.CRC, info.file_size) for name, info in infos.items()]

    def read(self, name: str, most: int = MAX_IMAGE_BYTES) -> bytes:
        info = self._infos[name]
        place = f"{self.path}/{name}"
        _reject_bomb(place, info, most)
        try:
            with self._file.open(info) as file:
                return b"".join(iter(lambda: file.read(READ_AT_ONCE), b""))
        except DAMAGE as error:
            raise DataError(place, f"cannot be unpacked ({error})") from None

    def _files(self) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        seen: set[str] = set()
        for info in self._file.infolist():
            name = info.filename.replace("\\", "/")
            _reject_hostile(f"{self.path}/{name}", name, info)
            if name in seen:
                raise DataError(f"{self.path}/{name}", "occurs in the ZIP twice")
            seen.add(name)
            if not name.endswith("/"):
                yield name, info


def _reject_hostile(place: str, name: str, info: zipfile.ZipInfo) -> None:
    """Raise DataError for paths that escape the archive, encrypted files, and images of absurd sizes."""
    if name.startswith("/") or ".." in name.split("/") or DRIVE.match(name):
        raise DataError(place, "has a path that escapes the archive")
    if info.flag_bits & 0x1:
        raise DataError(place, "is encrypted")
    if is_image(name):
        _reject_bomb(place, info, MAX_IMAGE_BYTES)


def _reject_bomb(place: str, info: zipfile.ZipInfo, most: int) -> None:
    if info.compress_type not in METHODS:
        method = OTHER_METHODS.get(info.compress_type, info.compress_type)
        raise DataError(
            place, f"is compressed with {method}", "write the ZIP again, with deflate or without compression"
        )
    if info.file_size > most or info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise DataError(place, f"would unpack {info.compress_size} bytes to {info.file_size}")


def _is_link(info: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)
