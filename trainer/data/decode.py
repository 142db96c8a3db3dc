"""From the bytes of an image file to its pixels, wary of files that are broken or built to do harm."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trainer.config.dataset.header import Header, read_header, require_plain
from trainer.config.dataset.image_file import ImageFacts, facts_of, opened
from trainer.config.dataset.plain_pixels import brightest, plain
from trainer.errors import DataError


class DecodedFile(NamedTuple):
    """An image with plain pixels, and what it took to make them.

    `channels` are those of the file, where a transparent colour is none; in `pixels` it has become alpha. `brightest`
    is the highest sample of a grey image of more than 8 bits, else 0. `frames` are more than one in an animation.
    """

    pixels: UInt8[np.ndarray, "h w c"]
    channels: int
    facts: ImageFacts
    brightest: int = 0
    animated: bool = False


def decode(content: bytes, place: str) -> UInt8[np.ndarray, "h w c"]:
    """Return the pixels of an image file that can be used as it is.

    Raises DataError, naming `place`, for anything but a whole, sane image; also where pixels lie on their side by their
    EXIF orientation, or have a transparent colour: that needs `decode_any`.
    """
    with opened(content, place) as image:
        facts = facts_of(image, content, place)
        require_plain(image, facts, place)
        return _array(plain(image, facts))


def decode_like(content: bytes, place: str, first: Header | None) -> UInt8[np.ndarray, "h w c"]:
    """Return the pixels of an image of the size and channels of `first`, looked at before anything is decoded."""
    header = read_header(content, place, first)
    pixels = decode(content, place)
    if pixels.shape != (header.height, header.width, header.channels):
        raise DataError(place, f"says it is {header.width}x{header.height}, but decodes to {pixels.shape}")
    return pixels


def decode_any(content: bytes, place: str) -> DecodedFile:
    """Return an image file's pixels: upright, in 8 bits, a transparent colour as alpha; of an animation the first."""
    with opened(content, place) as image:
        facts = facts_of(image, content, place)
        animated = bool(getattr(image, "is_animated", False))
        most = brightest(image) if facts.bits > 8 and facts.channels == 1 and image.mode != "L" else 0
        return DecodedFile(_array(plain(image, facts)), facts.channels, facts, most, animated)


def _array(image: Image.Image) -> UInt8[np.ndarray, "h w c"]:
    pixels = np.array(image)
    return pixels.reshape(*pixels.shape[:2], -1)
