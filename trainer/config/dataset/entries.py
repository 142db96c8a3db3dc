"""The files of a data set by name and content, and the fingerprint of all of them."""

import hashlib
import posixpath
from collections.abc import Iterable
from typing import NamedTuple

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
LABEL_FILE = "dataset.json"
MAX_IMAGE_BYTES = 256 << 20
MAX_LABEL_BYTES = 1 << 30


class FileEntry(NamedTuple):
    """One file by content: its name within the set, the CRC-32 and the number of its bytes."""

    name: str
    crc: int
    size: int


def fingerprint(entries: Iterable[FileEntry]) -> str:
    """Return 16 hexadecimal digits of SHA-256 over (name, CRC-32, size) of all files, sorted by name."""
    digest = hashlib.sha256()
    for entry in sorted(entries):
        digest.update(f"{entry.name}\0{entry.crc:08x}\0{entry.size}\n".encode())
    return digest.hexdigest()[:16]


def is_part(name: str) -> bool:
    """Return whether the file `name` is an image or the label file; hidden files and those of macOS are not."""
    if name == LABEL_FILE:
        return True
    return posixpath.splitext(name)[1].lower() in IMAGE_SUFFIXES and not any(map(_is_hidden, name.split("/")))


def _is_hidden(part: str) -> bool:
    return part == "__MACOSX" or (part.startswith(".") and part != ".")


def most_bytes(name: str) -> int:
    """Return how large the file `name` may be."""
    return MAX_LABEL_BYTES if name == LABEL_FILE else MAX_IMAGE_BYTES
