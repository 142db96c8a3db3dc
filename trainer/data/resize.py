"""Resize images of any shape to squares of one size. The resize filter affects FID (box against lanczos)."""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageColor

from trainer.config.dataset.image_file import OPAQUE
from trainer.config.dataset.plain_pixels import PLAIN
from trainer.errors import DataError

ResizeFilter = Literal["box", "bilinear", "hamming", "bicubic", "lanczos", "nearest"]
Fit = Literal["crop", "pad", "wide"]


class ImageFormat(NamedTuple):
    """The format of all images of a set: `resolution` pixels square, with `channels` (0 keeps those of the source).

    Fit "crop" resizes the largest centre square. Fit "pad" centres the whole image in a black square; it is never
    enlarged, so 28x28 becomes 32x32 without resampling. Fit "wide" reduces the image to the full width, crops its
    middle to 4:3 and puts it between black bars; smaller or wider images do not fit. `background` is the colour behind
    transparent pixels of images converted to grey or RGB.
    """

    resolution: int
    fit: Fit = "crop"
    filter: ResizeFilter = "lanczos"
    channels: int = 0
    background: str = "white"


def fitted(pixels: UInt8[np.ndarray, "h w c"], shape: ImageFormat) -> UInt8[np.ndarray, "r r d"]:
    """Return `pixels` converted to the format `shape`."""
    coloured = with_channels(pixels, shape.channels or pixels.shape[2], shape.background)
    return {"crop": _cropped, "pad": _padded, "wide": _widened}[shape.fit](coloured, shape)


def fits(pixels: UInt8[np.ndarray, "h w c"], shape: ImageFormat) -> bool:
    """Return whether an image can be converted: for "wide", whether it need not be enlarged and fills 4:3."""
    height, width, _ = pixels.shape
    side = shape.resolution
    return shape.fit != "wide" or (width >= side and _height_at(side, height, width) >= _rows(side))


def with_channels(
    pixels: UInt8[np.ndarray, "h w c"], channels: int, background: str = "white"
) -> UInt8[np.ndarray, "h w d"]:
    """Return `pixels` as grey (1), grey with alpha (2), RGB (3) or RGBA (4).

    If alpha is dropped, pixels are composited on `background`.
    """
    if pixels.shape[2] == channels:
        return pixels
    image = _image(pixels)
    if shows_background(pixels, channels):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, colour(background)), image)
    return _array(image.convert(PLAIN[channels]))


def shows_background(pixels: UInt8[np.ndarray, "h w c"], channels: int) -> bool:
    """Return whether there are transparent pixels, and `channels` has no alpha."""
    return channels in (1, 3) and is_transparent(pixels)


def is_transparent(pixels: UInt8[np.ndarray, "h w c"]) -> bool:
    """Return whether there are transparent pixels."""
    return pixels.shape[2] in (2, 4) and int(pixels[:, :, -1].min()) < OPAQUE


def colour(text: str) -> tuple[int, int, int]:
    """Return red, green and blue of a colour given by name or as #rrggbb. Raises DataError if it is invalid."""
    try:
        red, green, blue, *alpha = ImageColor.getrgb(text)
    except ValueError:
        red, green, blue, alpha = 0, 0, 0, [0]
    if alpha:
        raise DataError("--background", f"{text!r} is not an opaque colour", "give a name such as white, or #rrggbb")
    return red, green, blue


def _cropped(pixels: UInt8[np.ndarray, "h w c"], shape: ImageFormat) -> UInt8[np.ndarray, "r r c"]:
    height, width, _ = pixels.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _resized(pixels[top : top + side, left : left + side], shape.resolution, shape.resolution, shape.filter)


def _padded(pixels: UInt8[np.ndarray, "h w c"], shape: ImageFormat) -> UInt8[np.ndarray, "r r c"]:
    side = shape.resolution
    scale = min(1.0, side / max(pixels.shape[:2]))
    height, width = (max(1, round(length * scale)) for length in pixels.shape[:2])
    square = np.zeros((side, side, pixels.shape[2]), dtype=np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = _resized(pixels, width, height, shape.filter)
    return square


def _widened(pixels: UInt8[np.ndarray, "h w c"], shape: ImageFormat) -> UInt8[np.ndarray, "r r c"]:
    side = shape.resolution
    reduced = _resized(pixels, side, _height_at(side, *pixels.shape[:2]), shape.filter)
    square = np.zeros((side, side, pixels.shape[2]), dtype=np.uint8)
    top, left_out = (side - _rows(side)) // 2, (len(reduced) - _rows(side)) // 2
    square[top : top + _rows(side)] = reduced[left_out : left_out + _rows(side)]
    return square


def _height_at(side: int, height: int, width: int) -> int:
    """Return the height of an image reduced to a width of `side`."""
    return round(side * height / width)


def _rows(side: int) -> int:
    """Return the height of an image of 4:3 that is `side` wide."""
    return side * 3 // 4


def _resized(
    pixels: UInt8[np.ndarray, "h w c"], width: int, height: int, how: ResizeFilter
) -> UInt8[np.ndarray, "H W c"]:
    if pixels.shape[:2] == (height, width):
        return pixels
    return _array(_image(pixels).resize((width, height), Image.Resampling[how.upper()]))


def _image(pixels: UInt8[np.ndarray, "h w c"]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels))


def _array(image: Image.Image) -> UInt8[np.ndarray, "h w c"]:
    pixels = np.array(image)
    return pixels.reshape(*pixels.shape[:2], -1)
