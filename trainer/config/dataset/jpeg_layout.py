"""Read the headers of a JPEG file: its frame, and its scans with the place of their data (ITU-T T.81, Annex B)."""

import itertools
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

END, SCAN, RESTART_INTERVAL = 0xD9, 0xDA, 0xDD
BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2
"""Frames coded by Huffman's method; the data of arithmetic coding may be shorter than its pixels."""

AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
MARKER = re.compile(rb"\xff[^\x00\xff]")
FILL = b"\xff"

SIDE = 8
"""Pixels along a block."""

COEFFICIENTS = SIDE * SIDE


class Frame(NamedTuple):
    """The size of an image, and the horizontal and vertical sampling factors of its components by their numbers."""

    code: int
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
    """What a scan holds of which components, the place of its data, and how many units a restart marker follows.

    It holds the coefficients `first` to `last`, down to the bit `low`; bit 0 makes them exact.
    """

    frame: Frame
    components: bytes
    first: int
    last: int
    low: int
    start: int
    end: int
    interval: int


def read_scans(content: bytes) -> list[Scan]:
    """Return the scans of the first image of a file; none if it is not coded by Huffman's method."""
    return list(_scans(content))


def is_incomplete(content: bytes) -> bool:
    """Return whether the scans of a file leave coefficients out, or lack their last bits."""
    low: dict[tuple[int, int], int] = {}
    scans = read_scans(content)
    for scan in scans:
        held = itertools.product(scan.components, range(scan.first, min(scan.last, COEFFICIENTS - 1) + 1))
        low |= dict.fromkeys(held, scan.low)
    components = scans[0].frame.factors if scans else ()
    return any(low.get(part) != 0 for part in itertools.product(components, range(COEFFICIENTS)))


def _scans(content: bytes) -> Iterator[Scan]:
    frame, interval = None, 0
    for code, start, end in _segments(content):
        body = content[start:end]
        if code in (BASELINE, EXTENDED, PROGRESSIVE):
            frame = _frame(code, body)
        elif code == RESTART_INTERVAL:
            interval = int.from_bytes(body)
        elif code == SCAN and frame and body and len(body) >= 4 + 2 * body[0]:
            components, (first, last, bits) = body[1 : 1 + 2 * body[0] : 2], body[1 + 2 * body[0] :][:3]
            yield Scan(frame, components, first, last, bits & 15, end, _end_of_data(content, end), interval)


def _end_of_data(content: bytes, start: int) -> int:
    following = AFTER_SCAN.search(content, start)
    end = following.start() if following else len(content)
    return start + len(content[start:end].rstrip(FILL))


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the code of each segment of the first image, and where its contents start and end."""
    found = MARKER.search(content, 2)
    while found and found[0][1] != END:
        code, start = found[0][1], found.end()
        end = start + int.from_bytes(content[start : start + 2])
        yield code, start + 2, end
        found = (AFTER_SCAN if code == SCAN else MARKER).search(content, end)


def _frame(code: int, body: bytes) -> Frame:
    height, width = int.from_bytes(body[1:3]), int.from_bytes(body[3:5])
    parts = (body[place : place + 2] for place in range(6, len(body) - 1, 3))
    return Frame(code, height, width, {part[0]: (part[1] >> 4, part[1] & 15) for part in parts})
