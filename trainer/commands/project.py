"""python -m trainer project: find the latent of an image (StyleGAN2, App. D)."""

from pathlib import Path
from typing import Annotated

import safetensors.torch
import torch
import typer
from jaxtyping import Float, UInt8
from torch import Tensor

from trainer.command_line.group import epilog, new_app
from trainer.commands.arguments import ClassOption, DistanceOption, SnapshotArgument
from trainer.config.dataset.entries import MAX_IMAGE_BYTES
from trainer.config.dataset.regular import read_regular, usable_path
from trainer.data.decode import decode_any
from trainer.data.resize import ImageFormat, fitted
from trainer.errors import UserError
from trainer.files import replace_file
from trainer.images.grids import tile, to_uint8, write_animation, write_png
from trainer.images.latents import class_rows, load_generator
from trainer.model.generator import Generator
from trainer.ops.choice import choose
from trainer.ops.kernels import using
from trainer.perceptual import load_features
from trainer.projection.noise_maps import picture
from trainer.projection.projector import Projection, Projector
from trainer.projection.schedule import Schedule
from trainer.runtime.console import print_result, progress

FRAMES = 60
STEPS = Schedule().steps


EXAMPLES = """Example:
  python -m trainer project best.safetensors face.png projected

Writes projected.png, target.png, noise.png (all noise maps), progress.gif and
projection.safetensors (w and noise). The default distance is ST-LPIPS on
AlexNet; that of the papers is vgg16:/path/to/vgg16.pt.
"""
ImageArgument = Annotated[
    Path, typer.Argument(metavar="IMAGE", help="Image file; its centre square is scaled to the network's resolution.")
]
TargetArgument = Annotated[Path, typer.Argument(metavar="TARGET", help="Directory to write to; created if missing.")]
StepsOption = Annotated[int, typer.Option("--steps", min=1, help="Steps of the optimizer.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of the noise.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def project(
    snapshot: SnapshotArgument,
    image: ImageArgument,
    target: TargetArgument,
    steps: StepsOption = STEPS,
    distance: DistanceOption = "stlpips",
    seed: SeedOption = 0,
    label: ClassOption = None,
) -> int:
    """Find the latent and the noise that reproduce a given image (StyleGAN2, App. D)."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    generator = load_generator(snapshot).to(device)
    if not isinstance(generator, Generator):
        raise UserError(snapshot, "projection needs a StyleGAN2 generator", "give a snapshot of one")
    wanted = read_image(image, generator.channels, generator.resolution).to(device)
    features = load_features(distance, device)
    projector = Projector(generator, features, class_rows(generator, label, 1).to(device), seed)
    with using(choose("auto", device.type)):
        found, frames = _project(projector, wanted, Schedule(steps=steps))
    write(target, wanted, found, to_uint8(torch.cat(frames)).cpu())
    print_result(f"{target}: distance {found.distance:.4g} ({features.name}) after {steps} steps")
    return 0


def _project(
    projector: Projector, wanted: Float[Tensor, "1 c h w"], schedule: Schedule
) -> tuple[Projection, list[Tensor]]:
    """Return the projection of an image, and frames [1 c h 2w] of target and current image side by side."""
    frames: list[Tensor] = []
    every = max(1, schedule.steps // FRAMES)
    with progress("projecting") as tick:

        def watch(step: int, _distance: float, image: Tensor) -> None:
            if step % every == 0:
                frames.append(torch.cat([wanted, image], dim=3))
            tick(step + 1, schedule.steps)

        found = projector.project(wanted, schedule, watch)
    frames.append(torch.cat([wanted, found.image], dim=3))
    return found, frames


def read_image(path: Path, channels: int, resolution: int) -> Float[Tensor, "1 {channels} {resolution} {resolution}"]:
    """Return the centre square of an image in [-1, 1], resized to `resolution` as `data prepare` does.

    Raises DataError if the file is not an image.
    """
    file = decode_any(read_regular(usable_path(path), MAX_IMAGE_BYTES), str(path))
    square = fitted(file.pixels, ImageFormat(resolution, channels=channels))
    return torch.from_numpy(square.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def write(
    directory: Path, target: Float[Tensor, "1 c h w"], found: Projection, frames: UInt8[Tensor, "n c h double_w"]
) -> None:
    """Write the pictures, tensors and animation of a projection."""
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
