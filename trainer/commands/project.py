"""python -m trainer project: find the latent of an image (StyleGAN2, App. D)."""

import argparse
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps
from torch import Tensor

from trainer.errors import DataError, UserError
from trainer.files import replace_file
from trainer.images.grids import tile, to_uint8, write_animation, write_png
from trainer.images.latents import class_rows, load_generator
from trainer.model.generator import Generator
from trainer.perceptual import load_features
from trainer.projection.noise_maps import picture
from trainer.projection.projector import Projection, Projector
from trainer.projection.schedule import Schedule
from trainer.runtime.console import progress, result

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
FRAMES = 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "example:\n  python -m trainer project best.safetensors face.png projected\n\n"
        "Writes projected.png, target.png, noise.png (all noise maps), projection.safetensors (w and noise) and\n"
        "progress.gif. The default distance is ST-LPIPS on AlexNet; the papers' is vgg16:/path/to/vgg16.pt."
    )
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("image", type=Path, help="the image; its middle square is scaled to the network's resolution")
    parser.add_argument("target", type=Path, help="the directory to write to; made if it is not there")
    parser.add_argument("--steps", type=int, default=Schedule().steps, help="(default: 1000)")
    parser.add_argument("--distance", default="stlpips", help="stlpips (default) or vgg16:/path/to/vgg16.pt")
    parser.add_argument("--seed", type=int, default=0, help="of the noise (default: 0)")
    parser.add_argument("--class", dest="label", type=int, help="the class, for a conditional network")


def execute(arguments: argparse.Namespace) -> int:
    """Project, and write what was found."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    generator = load_generator(arguments.snapshot).to(device)
    if not isinstance(generator, Generator):
        raise UserError(
            arguments.snapshot, "images are projected onto StyleGAN2's w alone", "give one of its snapshots"
        )
    target = read_image(arguments.image, generator.channels, generator.resolution).to(device)
    features = load_features(arguments.distance, device)
    projector = Projector(generator, features, class_rows(generator, arguments.label, 1).to(device), arguments.seed)
    schedule, frames = Schedule(steps=arguments.steps), []
    every = max(1, schedule.steps // FRAMES)

    with progress("projecting") as tick:

        def watch(step: int, _distance: float, image: Tensor) -> None:
            if step % every == 0:
                frames.append(torch.cat([target, image], dim=3))
            tick(step + 1, schedule.steps)

        found = projector.project(target, schedule, watch)
    frames.append(torch.cat([target, found.image], dim=3))
    write(arguments.target, target, found, to_uint8(torch.cat(frames)).cpu())
    result(f"{arguments.target}: distance {found.distance:.4g} ({features.name}) after {schedule.steps} steps")
    return 0


def read_image(path: Path, channels: int, resolution: int) -> Float[Tensor, "1 {channels} {resolution} {resolution}"]:
    """Return the middle square of an image [1 c h w] of [-1, 1] at `resolution`.

    Raises DataError for what is not an image.
    """
    try:
        with Image.open(path) as file:
            square = ImageOps.fit(file.convert(MODES[channels]), (resolution, resolution), Image.Resampling.LANCZOS)
    except (OSError, Image.DecompressionBombError) as error:
        raise DataError(path, f"not an image that can be read ({error})") from error
    pixels = np.atleast_3d(np.asarray(square))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def write(
    directory: Path, target: Float[Tensor, "1 c h w"], found: Projection, frames: UInt8[Tensor, "n c h double_w"]
) -> None:
    """Write pictures, tensors and the animation of a projection."""
    write_png(directory / "target.png", to_uint8(target[0]).cpu())
    write_png(directory / "projected.png", to_uint8(found.image[0]).cpu())
    side = max(noise.shape[-1] for noise in found.noises.values())
    maps = torch.stack([picture(noise, side) for noise in found.noises.values()])
    write_png(directory / "noise.png", tile(to_uint8(maps).cpu(), len(maps)))
    tensors = {"w": found.w, **{f"noise/{name}": noise for name, noise in found.noises.items()}}
    replace_file(
        directory / "projection.safetensors",
        safetensors.torch.save({name: value.cpu().contiguous() for name, value in tensors.items()}),
    )
    write_animation(directory / "progress.gif", frames)
