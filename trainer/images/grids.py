"""Sample sheets: grids of images as one PNG."""

import io
import math
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from trainer.errors import OutputError
from trainer.files import Guard, replace_file
from trainer.model.network import GeneratorNetwork
from trainer.runtime.randomness import generator_of

BATCH = 64
ANIMATED = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG"}


def tile(images: UInt8[Tensor, "n c h w"], columns: int) -> UInt8[Tensor, "c rows_h columns_w"]:
    """Return uint8 images [n c h w] tiled in rows of at most `columns`; the last row is padded with black."""
    count, channels, height, width = images.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    blank = images.new_zeros(rows * columns - count, channels, height, width)
    grid = torch.cat([images, blank]).reshape(rows, columns, channels, height, width)
    return grid.permute(2, 0, 3, 1, 4).reshape(channels, rows * height, columns * width)


def write_png(path: Path, image: UInt8[Tensor, "c h w"], guard: Guard | None = None) -> None:
    """Write one uint8 image [c h w] (grey, grey + alpha, RGB or RGBA) as PNG, atomically."""
    buffer = io.BytesIO()
    picture(image).save(buffer, "PNG")
    replace_file(path, buffer.getvalue(), guard)


def picture(image: UInt8[Tensor, "c h w"]) -> Image.Image:
    """Return one uint8 image [c h w] as a PIL image."""
    pixels = image.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def to_uint8(images: Float[Tensor, "*any"]) -> UInt8[Tensor, "*any"]:
    """Map images from [-1, 1] to 0..255, rounded to nearest and clamped."""
    return (images * 127.5 + 128).clamp(0, 255).to(torch.uint8)


def fixed_latents(count: int, z_dim: int, seed: int) -> Float[Tensor, "{count} {z_dim}"]:
    """Return the z [count zdim] of all sample sheets of a run: fixed, so that sheets can be compared."""
    return torch.randn(count, z_dim, generator=generator_of(seed, "sheet"))


@torch.inference_mode()
def sample_sheet(
    generator: GeneratorNetwork, z: Float[Tensor, "n zdim"], c: Float[Tensor, "n cdim"], columns: int
) -> UInt8[Tensor, "c h w"]:
    """Return a sheet [c h w] of the images generated from z [n zdim], c [n cdim] with constant noise."""
    return sheet_of(generator, generator.mapping(z, c), columns)


@torch.inference_mode()
def images_of_ws(generator: GeneratorNetwork, ws: Float[Tensor, "n layers wdim"]) -> UInt8[Tensor, "n c h w"]:
    """Return the images of ws [n layers wdim] as uint8 [n c h w] on the CPU, with constant noise."""
    return torch.cat([to_uint8(generator.synthesis(part, noise_mode="const")).cpu() for part in ws.split(BATCH)])


def sheet_of(generator: GeneratorNetwork, ws: Float[Tensor, "n layers wdim"], columns: int) -> UInt8[Tensor, "c h w"]:
    """Return a sheet [c h w] of the images of ws [n layers wdim], in rows of `columns`."""
    return tile(images_of_ws(generator, ws), columns)


def write_animation(path: Path, frames: UInt8[Tensor, "n c h w"], milliseconds: int = 40) -> None:
    """Write uint8 frames [n c h w] as a looping animation in the format of the file's suffix.

    Raises OutputError for an unsupported suffix.
    """
    if path.suffix.lower() not in ANIMATED:
        raise OutputError(path, "has no suffix of an animation format", "use .gif, .webp or .png")
    pictures, buffer = [picture(frame) for frame in frames], io.BytesIO()
    moving = {"save_all": True, "append_images": pictures[1:], "duration": milliseconds, "loop": 0}
    pictures[0].save(buffer, ANIMATED[path.suffix.lower()], **moving)
    replace_file(path, buffer.getvalue())
