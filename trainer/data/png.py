"""Encode PNG files whose bytes depend only on the pixels, not on the version of a compression library.

The data are not compressed ("stored" blocks of RFC 1950 and 1951), so file and data set fingerprint are functions of
the pixels. Files are as large as the pixels, as is common for such data sets.
"""

import struct
import zlib

import numpy as np
from jaxtyping import UInt8

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG colour type by number of channels: grey, grey with alpha, RGB, RGBA."""

LONGEST_BLOCK = 65535


def encode_png(pixels: UInt8[np.ndarray, "h w c"]) -> bytes:
    """Return a PNG file of `pixels` with 1 to 4 channels, 8 bits each."""
    height, width, channels = pixels.shape
    assert pixels.dtype == np.uint8, "PNG pixels are bytes"
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), dtype=np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(rows.tobytes())) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _stored(content: bytes) -> bytes:
    """Return a zlib stream that contains `content` uncompressed."""
    blocks = [content[start : start + LONGEST_BLOCK] for start in range(0, len(content), LONGEST_BLOCK)]
    parts = [b"\x78\x01"]
    for number, block in enumerate(blocks, 1):
        parts.append(struct.pack("<BHH", number == len(blocks), len(block), len(block) ^ 0xFFFF) + block)
    return b"".join(parts) + struct.pack(">I", zlib.adler32(content))
