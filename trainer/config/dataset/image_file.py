"""Open image files safely and read their metadata.

Files may be damaged or malicious: only formats that Pillow decodes itself are opened, and none before its size is
known.
"""

import io
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from PIL import ExifTags, Image, UnidentifiedImageError

from trainer.config.dataset.jpeg_layout import is_incomplete
from trainer.errors import DataError, UserError

MAX_SIDE = 32768
MAX_SQUARE = 8192
MAX_PIXELS = MAX_SQUARE * MAX_SQUARE
"""Decoding and resizing this many takes 1 to 1.5 GB of memory."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""Formats that are decoded, whatever a file's suffix; for some others, Pillow starts external programs."""

CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I;16B": 1, "I;16L": 1, "P": 3, "LA": 2, "La": 2, "PA": 4, "RGB": 3}
CHANNELS |= {"RGBX": 3, "RGBA": 4, "RGBa": 4, "CMYK": 3, "YCbCr": 3}
"""Channels of an image by Pillow mode after conversion to plain pixels, not counting a transparent colour."""

EXIF_OF_PNG = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
BITS_PER_SAMPLE, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0
SAMPLE_FORMAT, SIGNED = 339, 2
PLANES, APART = 284, 2
INTERLEAVE = "save it with interleaved samples, or compressed"
SRGB = (b"sRGB", "sRGB".encode("utf-16-be"))
"""The name of the colour space that all pixels are taken to be in, as profiles of both versions spell it."""

DEEP_GREY_ALPHA = "LA;16B"
"""The samples of a PNG of 16-bit grey with alpha, which Pillow opens as RGBA."""

GREY_LEVELS = {"L;2": 85, "L;4": 17}
OPAQUE = 255
OURS, PILLOW = "trainer", "PIL"


class ImageFacts(NamedTuple):
    """Metadata of an image file, read before decoding.

    `turned` is its EXIF orientation, 1 if upright, 0 if EXIF data cannot be read. `bits` are per sample. `profiled` if
    it has a colour profile (ICC) other than sRGB. `incomplete` if it is a progressive JPEG that lacks scans.
    """

    channels: int
    turned: int
    bits: int
    inverted: bool
    grey_step: int
    profiled: bool = False
    incomplete: bool = False


@contextmanager
def opened(content: bytes, place: str) -> Iterator[Image.Image]:
    """Yield the image in `content`, not decoded yet.

    Raises DataError, naming `place`, if it is not an image or too large, or if the decoder fails in the block; other
    exceptions of the block are not touched.
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
        raise DataError(place, "is damaged or not a supported image format", "remove it or copy it again") from None
    except Image.DecompressionBombError as error:
        raise DataError(place, f"would decode to an absurd size ({error})") from None
    except Exception as error:  # Pillow's decoders raise any exception on damaged files
        if not _is_of_decoder(error):
            raise
        raise DataError(place, f"is damaged ({_without_address(error)})") from error


def facts_of(image: Image.Image, content: bytes, place: str) -> ImageFacts:
    """Return the metadata of an image that was just opened. Raises DataError for unsupported kinds of pixels."""
    bits = _bits(image)
    channels = 1 if _is_deep_grey(image) else 2 if _raw_mode(image) == DEEP_GREY_ALPHA else CHANNELS.get(image.mode)
    way_out = "save it as grey or RGB of 8 or 16 bits"
    if channels is None:
        why = "of unknown range" if image.mode in ("I", "F") else "which cannot be read"
        raise DataError(place, f"has pixels of kind {image.mode}, {why}", way_out)
    if not _is_sound_key(image.info.get("transparency"), image.mode):
        raise DataError(place, "is damaged (its transparent colour is of another kind than its pixels)")
    tags: Any = getattr(image, "tag_v2", {})
    if SIGNED in tags.get(SAMPLE_FORMAT, ()):
        raise DataError(place, "has signed samples, of unknown range", way_out)
    if tags.get(PLANES) == APART and bits > OPAQUE.bit_length() and _codec(image) == "raw":
        raise DataError(place, f"has samples of {bits} bits in planes of their own, which would be misread", INTERLEAVE)
    if _is_part_of_canvas(image):
        raise DataError(place, "has a first frame that leaves pixels of its canvas undefined", "save it as PNG")
    inverted = tags.get(PHOTOMETRIC) == WHITE_IS_ZERO and image.mode.startswith("I;16")
    step = GREY_LEVELS.get(_raw_mode(image), 1)
    lacking = "progressive" in image.info and is_incomplete(content)
    return ImageFacts(channels, _orientation(image, content), bits, inverted, step, _is_profiled(image), lacking)


def _is_profiled(image: Image.Image) -> bool:
    profile = image.info.get("icc_profile")
    return isinstance(profile, bytes) and bool(profile) and not any(name in profile for name in SRGB)


def _is_part_of_canvas(image: Image.Image) -> bool:
    """Return whether the frame of a GIF is smaller than the image, and the rest is not transparent."""
    tiles: Any = getattr(image, "tile", ())
    is_smaller = bool(tiles) and tuple(tiles[0][1]) != (0, 0, *image.size)
    return image.format == "GIF" and is_smaller and "transparency" not in image.info


def is_animated(image: Image.Image) -> bool:
    """Return whether an image has more than one frame or page."""
    return bool(getattr(image, "is_animated", False))


def _require_sane_size(image: Image.Image, place: str) -> None:
    size = f"{image.width}x{image.height} pixels"
    if min(image.size) < 1:
        raise DataError(place, f"has {size}")
    if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
        problem = f"would decode to {size}; at most {MAX_SQUARE}x{MAX_SQUARE} in all, and {MAX_SIDE} a side, are read"
        raise DataError(place, problem, "make it smaller first")


def _is_sound_key(key: object, mode: str) -> bool:
    """Return whether a transparent colour, if there is one, fits the pixels of an image."""
    if key is None or CHANNELS.get(mode) in (2, 4):
        return True
    if mode == "RGB":
        return isinstance(key, tuple) and len(key) == 3 and all(isinstance(part, int) for part in key)
    return isinstance(key, int) or (mode == "P" and isinstance(key, bytes))


def _orientation(image: Image.Image, content: bytes) -> int:
    """Return the EXIF or XMP orientation, 1 to 8: 1 if it is missing or invalid, 0 if the data cannot be read."""
    if image.format == "PNG" and not any(mark in content for mark in EXIF_OF_PNG):
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
        return int(value) if value in range(1, 9) else 1
    except Exception:  # as in `opened`; damage that affects the pixels is found when they are decoded
        return 0


def _bits(image: Image.Image) -> int:
    """Return the bits per sample, at least 8; formats other than PNG, TIFF and PPM always have 8."""
    if image.format == "TIFF":
        tags: Any = image.tag_v2  # type: ignore[attr-defined]
        bits = tags.get(BITS_PER_SAMPLE)
        return max([8, *(one for one in bits if isinstance(one, int))] if isinstance(bits, tuple) else [8])
    if (";16" in _raw_mode(image) and image.format != "BMP") or _is_deep_grey(image) or _most_of_ppm(image) > OPAQUE:
        return 16
    return 8


def _most_of_ppm(image: Image.Image) -> int:
    parts = _layout(image) if image.format == "PPM" else ()
    return int(parts[-1]) if isinstance(parts, tuple) and parts and isinstance(parts[-1], int) else 0


def _raw_mode(image: Image.Image) -> str:
    """Return Pillow's name for the sample layout of the file, "" if its decoder has none."""
    parts = _layout(image)
    return str(parts[0] if isinstance(parts, tuple) and parts else parts)


def _layout(image: Image.Image) -> Any:
    """Return the arguments of the image's pending decoder."""
    tiles = getattr(image, "tile", ())
    return tiles[0][3] if tiles else ()


def _codec(image: Image.Image) -> str:
    """Return Pillow's name for the image's pending decoder."""
    tiles = getattr(image, "tile", ())
    return str(tiles[0][0]) if tiles else ""


def _is_deep_grey(image: Image.Image) -> bool:
    """Return whether an image is 16-bit grey; of 32-bit modes only PPM is, which Pillow scales to 16 bits."""
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")


def _is_of_decoder(error: BaseException) -> bool:
    """Return whether an exception was raised in Pillow, not in our own code: whether no frame of ours is above it."""
    packages = [_package(frame) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return PILLOW in packages[len(packages) - packages[::-1].index(OURS) :]


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _without_address(error: BaseException) -> str:
    """Return the text of an error without memory addresses of objects."""
    return str(error).split(" <")[0] or type(error).__name__
