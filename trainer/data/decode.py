"""From the bytes of an image file to its pixels, wary of files that are broken or built to do harm."""

import io
import warnings

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trainer.config.dataset.describe import CHANNELS
from trainer.errors import DataError

MAX_SIDE = 32768
MAX_PIXELS = 1 << 28
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""Formats that are decoded, whatever a file calls itself; some that Pillow knows besides start other programs."""

TARGETS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def decode(content: bytes, place: str) -> UInt8[np.ndarray, "h w c"]:
    """Return the pixels of an image file. Raises DataError, naming `place`, for anything but a whole, sane image."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _pixels(content, place)
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, MemoryError) as error:
        raise DataError(place, f"is not a whole image ({_plain(error)})") from None
    except Image.DecompressionBombError as error:
        raise DataError(place, f"would decode to an absurd size ({error})") from None


def _pixels(content: bytes, place: str) -> UInt8[np.ndarray, "h w c"]:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
            raise DataError(place, f"would decode to {image.width}x{image.height} pixels")
        if image.mode not in CHANNELS:
            raise DataError(place, f"has pixels of kind {image.mode!r}, not 8-bit grey or colour")
        pixels = np.array(image.convert(TARGETS[CHANNELS[image.mode]]))
    return pixels.reshape(*pixels.shape[:2], -1)


def _plain(error: BaseException) -> str:
    """Return a Python error without the addresses of objects in it."""
    return str(error).split(" <")[0] or type(error).__name__
