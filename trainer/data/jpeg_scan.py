"""Find damage in JPEG files that their decoder covers up: pixels whose data is missing become flat, or move.

Only what cannot be otherwise is called damage: data that ends before the last visible pixel, and restart markers that
are lost or out of order.
"""

import io
import math
import re

import numpy as np
from PIL import Image

from trainer.config.dataset.jpeg_layout import read_scans

RESTART = re.compile(rb"\xff([\xd0-\xd7])")
ONES = b"\xfe" * 256
"""Data that begins with a 1, without markers: where data is missing, the decoder goes on with 0."""


def jpeg_fault(content: bytes, image: Image.Image) -> str:
    """Return what is missing in a JPEG file that was decoded to `image`, or ""."""
    scans = read_scans(content)
    for scan in scans:
        needed = math.ceil(scan.frame.units(scan.components) / scan.interval) - 1 if scan.interval else 0
        found = [code[0] & 7 for code in RESTART.findall(content, scan.start, scan.end)] if needed > 0 else []
        if found[:needed] != [number % 8 for number in range(needed)]:
            return "restart markers are missing or out of order"
    is_short = bool(scans) and _is_short(content, scans[-1].end, image)
    return "its data ends before the last pixel" if is_short else ""


def _is_short(content: bytes, end: int, image: Image.Image) -> bool:
    """Return whether the pixels depend on what follows the data: whether the decoder needed more than there is."""
    with Image.open(io.BytesIO(content[:end] + ONES + b"\xff\xd9"), formats=("JPEG",)) as other:
        return not np.array_equal(np.asarray(image), np.asarray(other))
