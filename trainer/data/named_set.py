"""What is known of a data set that has a name."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from trainer.data.readers.reader import Reader
from trainer.data.resize import ImageFormat

Say = Callable[[str], None]
"""Tells the person at the terminal what is being done, one line at a time."""


class NamedSet(NamedTuple):
    """A data set with a name. `source` makes its reader; what it fetches goes to the folder that it is given.

    `fingerprint` is known where the pixels are exact; they are not where a JPEG decoder has a say.
    """

    title: str
    licence: str
    images: int
    shape: ImageFormat
    source: Callable[[Path, Say], Reader]
    fingerprint: str | None = None
