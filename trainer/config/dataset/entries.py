"""The files of a data set by name and content, and the fingerprint of the set."""

import hashlib
import posixpath
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
LABEL_FILE = "dataset.json"
MAX_IMAGE_BYTES = 256 << 20
_UNCANONICAL = re.compile(r"^\Z|/\Z|//|(^|/)\.|\\|[^\x00-\x7f]")
_HIDDEN = re.compile(r"(?:^|/)(?:__MACOSX(?:/|\Z)|\.(?!/|\Z))")


class FileEntry(NamedTuple):
    """One file: its name within the set, its CRC-32, and its size in bytes."""

    name: str
    crc: int
    size: int


def fingerprint(entries: Iterable[FileEntry]) -> str:
    """Return 16 hexadecimal digits of SHA-256 over (name, CRC-32, size) of all files, sorted by name.

    Names are encoded as UTF-8; undecodable bytes are kept unchanged.
    """
    digest = hashlib.sha256()
    for entry in sorted(entries):
        line = f"{entry.name}\0{entry.crc:08x}\0{entry.size}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def is_image(name: str) -> bool:
    """Return whether the file `name` has the suffix of an image, in any case."""
    return suffix(name) in IMAGE_SUFFIXES


def is_label_file(name: str) -> bool:
    """Return whether the file `name` is named like a label file, in any case."""
    return name[-len(LABEL_FILE) :].lower() == LABEL_FILE and posixpath.basename(name).lower() == LABEL_FILE


def suffix(name: str) -> str:
    """Return the suffix of a file name in lower case, with its dot."""
    head, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and head and head[-1] != "/" and "/" not in ending else ""


def is_hidden(name: str) -> bool:
    """Return whether a file or folder, or one that it is in, is not part of the set: hidden, or made by macOS."""
    return _HIDDEN.search(name) is not None


def canonical(name: str) -> str:
    """Return the canonical spelling of a name, by which labels are matched to files: forward slashes, NFC."""
    if not _UNCANONICAL.search(name):
        return name
    plain = posixpath.normpath(name.replace("\\", "/"))
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain)
