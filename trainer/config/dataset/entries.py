"""The files of a data set by name and content, and the fingerprint of all of them."""

import hashlib
import posixpath
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
LABEL_FILE = "dataset.json"
MAX_IMAGE_BYTES = 256 << 20


class FileEntry(NamedTuple):
    """One file by content: its name within the set, the CRC-32 and the number of its bytes."""

    name: str
    crc: int
    size: int


def fingerprint(entries: Iterable[FileEntry]) -> str:
    """Return 16 hexadecimal digits of SHA-256 over (name, CRC-32, size) of all files, sorted by name.

    Names are taken as UTF-8; bytes that are none are taken as they are.
    """
    digest = hashlib.sha256()
    for entry in sorted(entries):
        line = f"{entry.name}\0{entry.crc:08x}\0{entry.size}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def is_image(name: str) -> bool:
    """Return whether the file `name` is an image by its ending, in capitals or not."""
    return suffix(name) in IMAGE_SUFFIXES


def is_label_file(name: str) -> bool:
    """Return whether the file `name` has the name of a label file, in capitals or not."""
    return name[-len(LABEL_FILE) :].lower() == LABEL_FILE and posixpath.basename(name).lower() == LABEL_FILE


def suffix(name: str) -> str:
    """Return the ending of a file's name in small letters, with its dot."""
    head, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and head and head[-1] != "/" and "/" not in ending else ""


def is_hidden(part: str) -> bool:
    """Return whether a file or folder of this name is none of the set's: hidden, or made by macOS."""
    return part == "__MACOSX" or (part.startswith(".") and part != ".")


def canonical(name: str) -> str:
    """Return the one spelling of a name by which files and labels find each other, with slashes only."""
    plain = posixpath.normpath(name.replace("\\", "/"))
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain)
