"""Decode image files to pixels, defending against damaged and malicious files."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trainer.config.dataset.header import Header, read_header, require_plain
from trainer.config.dataset.image_file import ImageFacts, facts_of, is_animated, opened
from trainer.config.dataset.plain_pixels import brightest, plain
from trainer.data.jpeg_scan import jpeg_fault
from trainer.data.png_data import png_fault
from trainer.errors import DataError


class DecodedFile(NamedTuple):
    """An image with plain pixels, and facts about its conversion.

    `channels` are those of the file, not counting a transparent colour, which is alpha in `pixels`. `brightest` is the
    highest sample of a grey image of more than 8 bits, else 0. `animated` if there is more than one frame.
    """

    pixels: UInt8[np.ndarray, "h w c"]
    channels: int
    facts: ImageFacts
    brightest: int = 0
    animated: bool = False


def decode(content: bytes, place: str) -> UInt8[np.ndarray, "h w c"]:
    """Return the pixels of an image file that can be used without conversion.

    Raises DataError, naming `place`, unless the image is intact and of a sane size, and for a rotated EXIF orientation
    or a transparent colour, which need `decode_any`.
    """
    with opened(content, place) as image:
        facts = facts_of(image, content, place)
        require_plain(image, facts, place)
        _require_whole(image, content, place)
        return _array(plain(image, facts))


def decode_like(content: bytes, place: str, first: Header | None) -> UInt8[np.ndarray, "h w c"]:
    """Return the pixels of an image with the size and channels of `first`, checked before decoding."""
    header = read_header(content, place, first)
    pixels = decode(content, place)
    if pixels.shape != (header.height, header.width, header.channels):
        raise DataError(place, f"has a header of {header.width}x{header.height}, but decodes to {pixels.shape}")
    return pixels


def decode_any(content: bytes, place: str) -> DecodedFile:
    """Return the pixels of an image file: upright, 8 bits, a transparent colour as alpha; of the first frame."""
    with opened(content, place) as image:
        facts = facts_of(image, content, place)
        _require_whole(image, content, place)
        animated = is_animated(image)
        most = brightest(image) if facts.bits > 8 and facts.channels == 1 and image.mode != "L" else 0
        return DecodedFile(_array(plain(image, facts)), facts.channels, facts, most, animated)


def _require_whole(image: Image.Image, content: bytes, place: str) -> None:
    """Raise DataError if pixels are missing that the decoder has made up."""
    find = {"JPEG": jpeg_fault, "MPO": jpeg_fault, "PNG": png_fault}.get(image.format or "")
    image.load()
    if find and (fault := find(content, image)):
        raise DataError(place, f"is damaged ({fault})", "copy it again, or remove it")


def _array(image: Image.Image) -> UInt8[np.ndarray, "h w c"]:
    pixels = np.array(image)
    return pixels.reshape(*pixels.shape[:2], -1)
