"""From the bytes of an image file to what it says of itself.

Files may be broken, or built to do harm: only formats that Pillow decodes by itself are opened, none is decoded before
its size is known.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from PIL import ExifTags, Image, UnidentifiedImageError

from trainer.errors import DataError, UserError

MAX_SIDE = 32768
MAX_SQUARE = 8192
MAX_PIXELS = MAX_SQUARE * MAX_SQUARE
"""Decoding and resizing so many takes 1 to 1.5 GB of memory."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""Formats that are decoded, whatever a file calls itself; some that Pillow knows besides start other programs."""

CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I;16B": 1, "I;16L": 1, "P": 3, "LA": 2, "La": 2, "PA": 4, "RGB": 3}
CHANNELS |= {"RGBX": 3, "RGBA": 4, "RGBa": 4, "CMYK": 3, "YCbCr": 3}
"""Channels that an image of a Pillow mode has once it is plain, a transparent colour not counted."""

EXIF_OF_PNG = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
BITS_PER_SAMPLE, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0
GREY_LEVELS = {"L;2": 85, "L;4": 17}
OPAQUE = 255


class ImageFacts(NamedTuple):
    """What an image file says of itself before it is decoded.

    `turned` is its EXIF orientation, 1 for upright, 0 where EXIF data cannot be read. `bits` are those of one sample.
    """

    channels: int
    turned: int
    bits: int
    inverted: bool
    grey_step: int


@contextmanager
def opened(content: bytes, place: str) -> Iterator[Image.Image]:
    """Give the image in `content`, not decoded yet.

    Raises DataError, naming `place`, where it is none, is too large, or where what is done with it finds damage.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                _require_sane_size(image, place)
                yield image
    except UserError:
        raise
    except UnidentifiedImageError:
        raise DataError(place, "is not a whole image of a kind that is read", "remove it or copy it again") from None
    except Image.DecompressionBombError as error:
        raise DataError(place, f"would decode to an absurd size ({error})") from None
    except Exception as error:  # Pillow's decoders raise whatever they come across in a damaged file
        raise DataError(place, f"is not a whole image ({_without_address(error)})") from error


def facts_of(image: Image.Image, content: bytes, place: str) -> ImageFacts:
    """Return what an image that was just opened says of itself. Raises DataError for pixels of a kind not read."""
    bits = _bits(image)
    channels = 1 if _is_deep_grey(image) else CHANNELS.get(image.mode)
    if channels is None:
        way_out = "save it as grey or RGB of 8 or 16 bits"
        why = "of unknown range" if image.mode in ("I", "F") else "which cannot be read"
        raise DataError(place, f"has pixels of kind {image.mode}, {why}", way_out)
    tags: Any = getattr(image, "tag_v2", {})
    inverted = tags.get(PHOTOMETRIC) == WHITE_IS_ZERO and image.mode.startswith("I;16")
    step = GREY_LEVELS.get(_raw_mode(image), 1)
    return ImageFacts(channels, _orientation(image, content), bits, inverted, step)


def _require_sane_size(image: Image.Image, place: str) -> None:
    size = f"{image.width}x{image.height} pixels"
    if min(image.size) < 1:
        raise DataError(place, f"is an image of {size}")
    if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
        problem = f"would decode to {size}; at most {MAX_SQUARE}x{MAX_SQUARE} in all, and {MAX_SIDE} a side, are read"
        raise DataError(place, problem, "make it smaller first")


def _orientation(image: Image.Image, content: bytes) -> int:
    """Return 1 to 8 as EXIF or XMP say, 1 where they say nothing (or nonsense), 0 where they cannot be read."""
    if image.format == "PNG" and not any(mark in content for mark in EXIF_OF_PNG):
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
        return int(value) if value in range(1, 9) else 1
    except Exception:  # as in `opened`; what makes the pixels unreadable too is found when they are decoded
        return 0


def _bits(image: Image.Image) -> int:
    """Return the bits of one sample, 8 for less; the data of other formats than PNG, TIFF and PPM always have 8."""
    if image.format == "TIFF":
        tags: Any = image.tag_v2  # type: ignore[attr-defined]
        return max(8, *map(int, tags.get(BITS_PER_SAMPLE, (8,))))
    if ";16" in _raw_mode(image) or _is_deep_grey(image) or _most_of_ppm(image) > OPAQUE:
        return 16
    return 8


def _most_of_ppm(image: Image.Image) -> int:
    parts = _layout(image) if image.format == "PPM" else ()
    return int(parts[-1]) if isinstance(parts, tuple) and parts and isinstance(parts[-1], int) else 0


def _raw_mode(image: Image.Image) -> str:
    """Return how Pillow calls the layout of the samples in the file, "" for a decoder that does not tell."""
    parts = _layout(image)
    return str(parts[0] if isinstance(parts, tuple) and parts else parts)


def _layout(image: Image.Image) -> Any:
    """Return the arguments of the decoder that waits for the image's data."""
    tiles = getattr(image, "tile", ())
    return tiles[0][3] if tiles else ()


def _is_deep_grey(image: Image.Image) -> bool:
    """Return whether an image is grey of 16 bits; of 32-bit integers only those of PPM are, brought to 16 by Pillow."""
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")


def _without_address(error: BaseException) -> str:
    """Return a Python error without the addresses of objects in it."""
    return str(error).split(" <")[0] or type(error).__name__
