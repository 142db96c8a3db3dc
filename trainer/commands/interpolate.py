"""python -m trainer interpolate: an animation that interpolates in W from seed to seed and back to the first."""

import sys
from pathlib import Path
from typing import Annotated

import torch
import typer
from jaxtyping import Float
from torch import Tensor

from trainer.command_line.group import epilog, new_app
from trainer.commands.arguments import ClassOption, PsiOption, SnapshotArgument, parse_seeds
from trainer.images.grids import images_of_ws, write_animation
from trainer.images.latents import class_rows, load_generator, z_of_seeds

EXAMPLES = """Example:
  python -m trainer interpolate best.safetensors walk.gif --seeds 0-7 --frames 24
"""
TargetArgument = Annotated[Path, typer.Argument(metavar="TARGET", help="Animation to write: .gif, .webp or .png.")]
SeedsOption = Annotated[str, typer.Option("--seeds", help="Seeds to visit.")]
FramesOption = Annotated[int, typer.Option("--frames", min=1, help="Frames from one seed to the next.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def interpolate(
    snapshot: SnapshotArgument,
    target: TargetArgument,
    seeds: SeedsOption = "0-7",
    frames: FramesOption = 24,
    psi: PsiOption = 1.0,
    label: ClassOption = None,
) -> int:
    """Render an animation that interpolates between seeds in W, and back to the first."""
    numbers = parse_seeds("--seeds", seeds)
    generator = load_generator(snapshot)
    z = z_of_seeds(numbers, generator.z_dim)
    stations = generator.mapping(z, class_rows(generator, label, len(z)), psi)
    images = images_of_ws(generator, walk(stations, frames))
    write_animation(target, images)
    sys.stdout.write(f"{target}: {len(images)} frames\n")
    return 0


def walk(stations: Float[Tensor, "n layers wdim"], frames: int) -> Float[Tensor, "m layers wdim"]:
    """Return ws [n*frames layers wdim], interpolated linearly from each station to the next and back to the first."""
    t = torch.arange(frames) / frames
    ends = stations.roll(-1, dims=0)
    return torch.cat([torch.lerp(a, b, t[:, None, None]) for a, b in zip(stations, ends, strict=True)])
