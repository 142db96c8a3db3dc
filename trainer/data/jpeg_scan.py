"""Find damage in JPEG files that their decoder covers up: pixels whose data is missing become flat, or move.

Only what cannot be otherwise is called damage: data that ends before the last visible pixel, and restart markers that
are lost or out of order. Formats: ITU-T T.81, Annex B.
"""

import io
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

END, SCAN, RESTART_INTERVAL = 0xD9, 0xDA, 0xDD
HUFFMAN_FRAMES = (0xC0, 0xC1, 0xC2)
"""Baseline, extended and progressive; the data of arithmetic coding may be shorter than its pixels."""

AFTER_SCAN = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
RESTART = re.compile(rb"\xff([\xd0-\xd7])")
MARKER = re.compile(rb"\xff+([^\x00\xff])")
NOISE = np.random.default_rng(0).integers(0, 255, 256, dtype=np.uint8).tobytes()
"""Bytes without markers, which decode to anything but flat pixels."""

SIDE = 8
"""Pixels along a block."""


class Frame(NamedTuple):
    """The size of an image, and the horizontal and vertical sampling factors of its components by their numbers."""

    height: int
    width: int
    factors: dict[int, tuple[int, int]]

    def units(self, components: bytes) -> int:
        """Return how many units a scan of these components has."""
        across, down = max(h for h, _ in self.factors.values()), max(v for _, v in self.factors.values())
        if len(components) > 1:
            return math.ceil(self.width / (SIDE * across)) * math.ceil(self.height / (SIDE * down))
        h, v = self.factors[components[0]]
        wide, high = math.ceil(self.width * h / across), math.ceil(self.height * v / down)
        return math.ceil(wide / SIDE) * math.ceil(high / SIDE)


class Scan(NamedTuple):
    """The place of a scan's data, and the restart markers that it needs."""

    start: int
    end: int
    restarts: int


def jpeg_fault(content: bytes, image: Image.Image) -> str:
    """Return what is missing in a JPEG file that was decoded to `image`, or ""."""
    scans = list(_scans(content))
    for scan in scans:
        found = [code[0] & 7 for code in RESTART.findall(content, scan.start, scan.end)]
        if found[: scan.restarts] != [number % 8 for number in range(scan.restarts)]:
            return "restart markers are missing or out of order"
    return "its data ends before the last pixel" if scans and _is_short(content, scans[-1].end, image) else ""


def _is_short(content: bytes, end: int, image: Image.Image) -> bool:
    """Return whether the pixels depend on what follows the data: whether the decoder needed more than there is."""
    with Image.open(io.BytesIO(content[:end] + NOISE + b"\xff\xd9"), formats=("JPEG",)) as other:
        return not np.array_equal(np.asarray(image), np.asarray(other))


def _scans(content: bytes) -> Iterator[Scan]:
    """Yield the scans of the first image of a file; none if it is not coded by Huffman's method."""
    frame, interval = None, 0
    for code, start, end in _segments(content):
        body = content[start:end]
        if code in HUFFMAN_FRAMES:
            frame = _frame(body)
        elif code == RESTART_INTERVAL:
            interval = int.from_bytes(body)
        elif code == SCAN and frame:
            following = AFTER_SCAN.search(content, end)
            restarts = math.ceil(frame.units(body[1 : 1 + 2 * body[0] : 2]) / interval) - 1 if interval else 0
            yield Scan(end, following.start() if following else len(content), restarts)


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the code of each segment of the first image, and where its contents start and end."""
    found = MARKER.search(content, 2)
    while found and found[1][0] != END:
        code, start = found[1][0], found.end()
        end = start + int.from_bytes(content[start : start + 2])
        yield code, start + 2, end
        found = (AFTER_SCAN if code == SCAN else MARKER).search(content, end)


def _frame(body: bytes) -> Frame:
    height, width = int.from_bytes(body[1:3]), int.from_bytes(body[3:5])
    parts = (body[place : place + 3] for place in range(6, 6 + 3 * body[5], 3))
    return Frame(height, width, {part[0]: (part[1] >> 4, part[1] & 15) for part in parts})
