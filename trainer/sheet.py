"""Sample sheets: grids of images as one PNG."""

import io
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from trainer.checkpoint import write_file
from trainer.randomness import generator_of


def tile(images: Tensor, columns: int) -> Tensor:
    """Lay out uint8 images [n c h w] in rows of `columns`, as one image [c, rows*h, columns*w]; n = rows * columns."""
    count, channels, height, width = images.shape
    rows = count // columns
    grid = images[: rows * columns].reshape(rows, columns, channels, height, width)
    return grid.permute(2, 0, 3, 1, 4).reshape(channels, rows * height, columns * width)


def write_png(path: Path, image: Tensor) -> None:
    """Write one uint8 image [c h w] (grey, grey + alpha, RGB or RGBA) as PNG, atomically."""
    pixels = image.permute(1, 2, 0).contiguous().numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    write_file(path, buffer.getvalue())


def to_uint8(images: Tensor) -> Tensor:
    """Map images from [-1, 1] to 0..255, rounded to nearest and clamped."""
    return (images * 127.5 + 128).clamp(0, 255).to(torch.uint8)


def fixed_latents(count: int, z_dim: int, seed: int) -> Tensor:
    """Return the z [count zdim] of every sample sheet of a run: the same latents, so that sheets can be compared."""
    return torch.randn(count, z_dim, generator=generator_of(seed, "sheet"))


@torch.inference_mode()
def sample_sheet(generator: nn.Module, z: Tensor, c: Tensor, columns: int) -> Tensor:
    """Return a sheet [c h w] of the images generated from z [n zdim], c [n cdim] with constant noise."""
    batches = zip(z.split(64), c.split(64), strict=True)
    images = [to_uint8(generator(z_part, c_part, noise_mode="const")).cpu() for z_part, c_part in batches]
    return tile(torch.cat(images), columns)
