"""Find PNG files whose data is intact but has fewer rows than their header says; Pillow leaves the others black."""

import zlib
from collections.abc import Iterator

from PIL import Image

SIGNATURE_BYTES = 8
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel, by the colour type of the header."""

PALETTE = 3


def png_fault(content: bytes, image: Image.Image) -> str:
    """Return what is missing in a PNG file that was decoded to `image`, or ""."""
    chunks = list(_chunks(content))
    header = next((body for name, body in chunks if name == b"IHDR"), b"")
    if header[9] == PALETTE and all(name != b"PLTE" for name, _ in chunks):
        return "it has no palette"
    is_interlaced = header[12] == 1  # Pillow itself finds what is missing there
    if is_interlaced or not _ends_empty(image):
        return ""
    needed = image.height * (1 + (image.width * header[8] * SAMPLES[header[9]] + 7) // 8)
    data = b"".join(body for name, body in chunks if name == b"IDAT")
    there = len(zlib.decompressobj().decompress(data, needed))
    return "its data ends before the last row" if there < needed else ""


def _ends_empty(image: Image.Image) -> bool:
    """Return whether all samples of the last row are 0, as those of missing rows are."""
    row = image.crop((0, image.height - 1, image.width, image.height))
    return row.getextrema() in ((0, 0), tuple([(0, 0)] * len(row.getbands())))


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = SIGNATURE_BYTES
    while place + 8 <= len(content):
        size = int.from_bytes(content[place : place + 4])
        yield content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        place += size + 12
