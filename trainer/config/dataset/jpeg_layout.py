"""Read the headers of a JPEG file: its frame, and its scans with the place of their data (ITU-T T.81, Annex B)."""

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
    """Which components a scan holds, the place of its data, and how many units a restart marker follows."""

    frame: Frame
    components: bytes
    start: int
    end: int
    interval: int


def read_scans(content: bytes) -> list[Scan]:
    """Return the scans of the first image of a file; none if it is not coded by Huffman's method."""
    return list(_scans(content))


def _scans(content: bytes) -> Iterator[Scan]:
    frame, interval = None, 0
    for code, start, end in _segments(content):
        body = content[start:end]
        if code in (BASELINE, EXTENDED, PROGRESSIVE):
            frame = _frame(code, body)
        elif code == RESTART_INTERVAL:
            interval = int.from_bytes(body)
        elif code == SCAN and frame and body and len(body) >= 4 + 2 * body[0]:
            yield Scan(frame, body[1 : 1 + 2 * body[0] : 2], end, _end_of_data(content, end), interval)


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
