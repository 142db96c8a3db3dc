"""Find damage in JPEG files that their decoder covers up: pixels whose data is missing become flat, or move.

Only what cannot be otherwise is called damage: data that ends before the last visible pixel, and restart markers that
are lost or out of order.
"""

import io
import math
import re
from collections.abc import Sequence

import numpy as np
from PIL import Image

from trainer.config.dataset.jpeg_layout import PROGRESSIVE, SIDE, Scan, read_scans

RESTART = re.compile(rb"\xff([\xd0-\xd7])")
NOISE = np.random.default_rng(0).integers(0, 255, 256, dtype=np.uint8).tobytes()
"""Bytes without markers, which decode to anything but flat pixels."""

MISSING = {127, 128}
"""The samples of pixels without data: middle grey, inverted in some CMYK."""


def jpeg_fault(content: bytes, image: Image.Image) -> str:
    """Return what is missing in a JPEG file that was decoded to `image`, or ""."""
    scans = read_scans(content)
    for scan in scans:
        needed = math.ceil(scan.frame.units(scan.components) / scan.interval) - 1 if scan.interval else 0
        found = [code[0] & 7 for code in RESTART.findall(content, scan.start, scan.end)] if needed > 0 else []
        if found[:needed] != [number % 8 for number in range(needed)]:
            return "restart markers are missing or out of order"
    is_short = bool(scans) and not _ends_whole(content, scans, image) and _is_short(content, scans[-1].end, image)
    return "its data ends before the last pixel" if is_short else ""


def _ends_whole(content: bytes, scans: Sequence[Scan], image: Image.Image) -> bool:
    """Return whether an image shows, without decoding it again, that its data reaches into its last unit.

    So it does if the last pixel, unless upsampling blends it with other units, is not as missing ones are. Data that
    ends within that unit ends, half of the time, without the padding of 1s that is asked for, too.
    """
    place = image.width - 1, image.height - 1
    is_one_pass = len(scans) == 1 and scans[0].frame.code != PROGRESSIVE
    if not is_one_pass or 0 in (place[0] % SIDE, place[1] % SIDE) or not content[scans[0].end - 1] & 1:
        return False
    pixel = image.getpixel(place)
    return not MISSING.issuperset(pixel if isinstance(pixel, tuple) else [pixel])


def _is_short(content: bytes, end: int, image: Image.Image) -> bool:
    """Return whether the pixels depend on what follows the data: whether the decoder needed more than there is."""
    with Image.open(io.BytesIO(content[:end] + NOISE + b"\xff\xd9"), formats=("JPEG",)) as other:
        return not np.array_equal(np.asarray(image), np.asarray(other))
