"""Bringing images of any shape to squares of one size. The resize filter matters: box against lanczos changes FID."""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

ResizeFilter = Literal["box", "bilinear", "hamming", "bicubic", "lanczos", "nearest"]
Fit = Literal["crop", "pad"]


class ImageFormat(NamedTuple):
    """What every image of a set becomes: `resolution` pixels square, with `channels` (0 keeps those of the source).

    Fit "crop" takes the largest square in the middle and resizes it. Fit "pad" keeps the whole image in the middle of
    a black square: it is only ever made smaller, never larger, so 28x28 becomes 32x32 without touching a pixel.
    """

    resolution: int
    fit: Fit = "crop"
    filter: ResizeFilter = "lanczos"
    channels: int = 0


def fitted(pixels: UInt8[np.ndarray, "h w c"], shape: ImageFormat) -> UInt8[np.ndarray, "r r d"]:
    """Return `pixels` as `shape` asks."""
    coloured = with_channels(pixels, shape.channels or pixels.shape[2])
    return _cropped(coloured, shape) if shape.fit == "crop" else _padded(coloured, shape)


def with_channels(pixels: UInt8[np.ndarray, "h w c"], channels: int) -> UInt8[np.ndarray, "h w d"]:
    """Return `pixels` as grey (1), grey with alpha (2), RGB (3) or RGBA (4)."""
    if pixels.shape[2] == channels:
        return pixels
    modes = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
    return _array(_image(pixels).convert(modes[channels]))


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
