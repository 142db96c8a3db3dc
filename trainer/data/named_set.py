"""The entry of a named data set in the registry."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from trainer.data.readers.reader import Reader
from trainer.data.resize import ImageFormat

Log = Callable[[str], None]
"""Logs one line of progress to the terminal."""


class NamedSet(NamedTuple):
    """A named data set. `source` returns its reader, and downloads to the given folder.

    `fingerprint` is None if the pixels depend on the JPEG decoder.
    """

    title: str
    licence: str
    images: int
    shape: ImageFormat
    source: Callable[[Path, Log], Reader]
    fingerprint: str | None = None
