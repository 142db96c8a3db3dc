"""Find PNG files whose data is intact but lacks rows or colours that it should have; Pillow takes them as black."""

import zlib
from collections.abc import Iterator, Sequence

from PIL import Image

SIGNATURE_BYTES = 8
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel, by the colour type of the header."""

PALETTE = 3
COLOUR = 3
"""Bytes of a colour of the palette."""


def png_fault(content: bytes, image: Image.Image) -> str:
    """Return what is missing in a PNG file that was decoded to `image`, or ""."""
    chunks = list(_chunks(content))
    header = next((body for name, body in chunks if name == b"IHDR"), b"")
    if header[9] == PALETTE and (fault := _palette_fault(chunks, image)):
        return fault
    is_interlaced = header[12] == 1  # Pillow itself finds what is missing there
    if is_interlaced or not _ends_empty(image):
        return ""
    needed = image.height * (1 + (image.width * header[8] * SAMPLES[header[9]] + 7) // 8)
    data = b"".join(body for name, body in chunks if name == b"IDAT")
    try:
        there = len(zlib.decompressobj().decompress(data, needed))
    except zlib.error:
        return "its data cannot be unpacked"
    return "its data ends before the last row" if there < needed else ""


def _palette_fault(chunks: Sequence[tuple[bytes, bytes]], image: Image.Image) -> str:
    palette = next((body for name, body in chunks if name == b"PLTE"), None)
    if palette is None:
        return "it has no palette"
    most = image.getextrema()[1]
    is_beyond = image.mode == "P" and isinstance(most, int) and most >= len(palette) // COLOUR
    return f"its palette lacks colour {most}" if is_beyond else ""


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
