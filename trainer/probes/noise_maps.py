"""How much signal projection hides in unregularised noise maps (Karras et al. 2020b, Sec. 5, Fig. 18).

A generated and a real image are projected twice, with regularisation of the noise maps and with only their
normalisation. Each projection takes as long as `python -m trainer project`.
"""

from copy import deepcopy
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from trainer.evaluation.real_features import chosen
from trainer.evaluation.samples import Samples
from trainer.images.grids import tile, to_uint8
from trainer.probes.context import ProbeContext, ProbeResults
from trainer.projection.noise_maps import autocorrelation, picture
from trainer.projection.projector import NOISE_WEIGHT, Projection, Projector
from trainer.projection.schedule import Schedule

COUNT: Final = 1
PAPER: Final = Schedule()
WEIGHTS: Final = {"regularised": NOISE_WEIGHT, "free": 0.0}
SMALLEST_SHOWN: Final = 128


class Target(NamedTuple):
    """An image in [-1, 1] to project, and its class."""

    image: Float[Tensor, "1 c h w"]
    label: Float[Tensor, "1 cdim"]


def probe(context: ProbeContext, count: int | None = None, schedule: Schedule = PAPER) -> ProbeResults:
    """Return `regularised_*` and `free_*`, `distance` [2n] and `correlation` [2n k], of n generated and n real images.

    The correlation is the autocorrelation of every map at a distance of one pixel. The pictures `regularised` and
    `free` have a column for every image: the target, the projection, and the noise maps of the full and a quarter
    resolution.
    """
    targets = _targets(context, count or COUNT)
    arrays, pictures = {}, {}
    for name, weight in WEIGHTS.items():
        found = [_projected(context, name, target, weight, schedule) for target in targets]
        arrays[f"{name}_distance"] = np.array([one.distance for one in found])
        correlations = [[autocorrelation(noise).item() for noise in one.noises.values()] for one in found]
        arrays[f"{name}_correlation"] = np.array(correlations)
        pictures[name] = _sheet([target.image for target in targets], found)
    return ProbeResults(arrays, pictures)


def _targets(context: ProbeContext, count: int) -> list[Target]:
    draws = Samples(context.generator, context.train_set, context.seed).first("noise maps", count)
    with torch.no_grad():
        made = context.images_of(draws)
    whole, indices = context.train_set.whole, chosen(len(context.train_set.whole), count)
    real = whole.images(indices).to(context.device).float() / 127.5 - 1
    labels = whole.labels(indices)[:, : draws.c.shape[1]].to(context.device)
    images, classes = torch.cat([made, real]), torch.cat([draws.c, labels])
    return [Target(image[None], label[None]) for image, label in zip(images, classes, strict=True)]


def _projected(context: ProbeContext, name: str, target: Target, weight: float, schedule: Schedule) -> Projection:
    context.progress(f"projecting, noise maps {name}")
    generator = deepcopy(context.stylegan2)  # whose noise is optimised
    projector = Projector(generator, context.feature_networks.distance, target.label, context.seed, weight)
    return projector.project(target.image, schedule)


def _sheet(targets: list[Float[Tensor, "1 c h w"]], found: list[Projection]) -> UInt8[Tensor, "c rows_h columns_w"]:
    side, channels = max(targets[0].shape[-1], SMALLEST_SHOWN), targets[0].shape[1]
    maps = [list(one.noises.values()) for one in found]
    shown = [
        max(index for index, noise in enumerate(maps[0]) if noise.shape[-1] <= limit) for limit in _limits(maps[0])
    ]
    rows = [
        *(interpolate(image, (side, side), mode="nearest") for image in targets),
        *(interpolate(one.image, (side, side), mode="nearest") for one in found),
        *(picture(noises[index], side)[None].expand(-1, channels, -1, -1) for index in shown for noises in maps),
    ]
    return tile(to_uint8(torch.cat(rows)).cpu(), len(targets))


def _limits(noises: list[Float[Tensor, "_ _"]]) -> tuple[int, int]:
    """Return the sides of the two maps to show: the largest, and a quarter of it or the smallest."""
    sides = [noise.shape[-1] for noise in noises]
    return max(sides), max(max(sides) // 4, min(sides))
