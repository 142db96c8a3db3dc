"""The sample sheets of a trial: find the sheet nearest to a given kimg and read its shown corner."""

import hashlib
import io
import os
import re
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from analysis.errors import ResultStoreError
from trainer.files import matching, read_regular
from trainer.record import RunDir

DAMAGED = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)
"""What Pillow raises for a file that is torn or no picture."""

NAME = re.compile(r"^fakes-(\d{9,})\.png$")

Pixels = NDArray[np.uint8]


def fakes(run: RunDir) -> dict[float, Path]:
    """Return the sheets of generated images by kimg, in order."""
    found = {path: NAME.match(path.name) for path in matching(run.samples, "fakes-*.png")}
    return dict(sorted((int(match[1]) / 1000, path) for path, match in found.items() if match and os.path.isfile(path)))


def reals(run: RunDir) -> Path | None:
    """Return the sheet of real images, None if it does not exist."""
    path = run.samples / "reals.png"
    return path if os.path.isfile(path) else None


def nearest(sheets: dict[float, Path], kimg: float) -> float:
    """Return the kimg of the sheet nearest to `kimg`; of two equally near, the earlier."""
    return min(sheets, key=lambda at: (abs(at - kimg), at))


def corner(path: Path, resolution: int, tiles: int) -> Pixels:
    """Return the upper left `tiles` x `tiles` images [h w] or [h w c] of a sheet of images of `resolution` pixels."""
    return pixels_of(path)[: tiles * resolution, : tiles * resolution]


def pixels_of(path: Path) -> Pixels:
    """Return a picture [h w] or [h w c]. Raises ResultStoreError if the file is damaged."""
    try:
        with Image.open(io.BytesIO(read_regular(path))) as image:
            return np.asarray(image)
    except DAMAGED as error:
        reason = "of no known format" if isinstance(error, UnidentifiedImageError) else error
        raise ResultStoreError(f"{path}: cannot be read as a picture ({reason}); remove it") from None


def content_of(path: Path) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a file."""
    return hashlib.sha256(read_regular(path)).hexdigest()[:16]
