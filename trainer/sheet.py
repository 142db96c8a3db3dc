"""Sample sheets: grids of images as one PNG."""

import io
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from trainer.checkpoint import write_file
from trainer.errors import OutputError
from trainer.model.generator import Generator
from trainer.randomness import generator_of

BATCH = 64


def tile(images: Tensor, columns: int) -> Tensor:
    """Lay out uint8 images [n c h w] in rows of `columns`, as one image [c, rows*h, columns*w]; n = rows * columns."""
    count, channels, height, width = images.shape
    rows = count // columns
    grid = images[: rows * columns].reshape(rows, columns, channels, height, width)
    return grid.permute(2, 0, 3, 1, 4).reshape(channels, rows * height, columns * width)


def write_png(path: Path, image: Tensor) -> None:
    """Write one uint8 image [c h w] (grey, grey + alpha, RGB or RGBA) as PNG, atomically."""
    buffer = io.BytesIO()
    picture(image).save(buffer, "PNG")
    write_file(path, buffer.getvalue())


def picture(image: Tensor) -> Image.Image:
    """Return one uint8 image [c h w] as a picture."""
    pixels = image.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def to_uint8(images: Tensor) -> Tensor:
    """Map images from [-1, 1] to 0..255, rounded to nearest and clamped."""
    return (images * 127.5 + 128).clamp(0, 255).to(torch.uint8)


def fixed_latents(count: int, z_dim: int, seed: int) -> Tensor:
    """Return the z [count zdim] of every sample sheet of a run: the same latents, so that sheets can be compared."""
    return torch.randn(count, z_dim, generator=generator_of(seed, "sheet"))


@torch.inference_mode()
def sample_sheet(generator: Generator, z: Tensor, c: Tensor, columns: int) -> Tensor:
    """Return a sheet [c h w] of the images generated from z [n zdim], c [n cdim] with constant noise."""
    return sheet_of(generator, generator.mapping(z, c), columns)


@torch.inference_mode()
def images_of_ws(generator: Generator, ws: Tensor) -> Tensor:
    """Return the images of ws [n layers wdim] as uint8 [n c h w] on the CPU, with constant noise."""
    return torch.cat([to_uint8(generator.synthesis(part, noise_mode="const")).cpu() for part in ws.split(BATCH)])


def sheet_of(generator: Generator, ws: Tensor, columns: int) -> Tensor:
    """Return a sheet [c h w] of the images of ws [n layers wdim], in rows of `columns`."""
    return tile(images_of_ws(generator, ws), columns)


def write_animation(path: Path, frames: Tensor, milliseconds: int = 40) -> None:
    """Write uint8 frames [n c h w] as an endless animation in the format of the file's ending.

    Raises OutputError for an ending that is no animation format.
    """
    pictures = [picture(frame) for frame in frames]
    try:
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0)
    except ValueError as error:
        raise OutputError(path, str(error), "use .gif, .webp or .png") from error
