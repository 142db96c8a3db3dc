"""The path length of individual images (Karras et al. 2020b, Fig. 4 and 5), which is low for good images.

Uses steps of 1e-4 in w from each image, and the perceptual distance of the trial's settings. Shows the extreme images.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from trainer.evaluation.path_steps import perceptual_distances
from trainer.evaluation.samples import PathSteps, Samples
from trainer.images.grids import tile, to_uint8
from trainer.metrics.ppl import EPSILON
from trainer.probes.context import ProbeContext, ProbeResults

COUNT: Final = 2000
SHOWN: Final = 16
TAIL: Final = 0.1


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `path_length` [n], and sheets of images from the lowest and the highest tenth."""
    count = count or COUNT
    found = [
        perceptual_distances(steps, context.feature_networks.distance, crop=False).distances
        for steps in _steps(context, count)
    ]
    lengths = np.concatenate(found).astype(np.float64) / EPSILON**2
    order, tail = np.argsort(lengths), max(1, round(TAIL * count))
    ends = {"low": order[:tail], "high": order[-tail:]}
    pictures = {name: tile(_images(context, count, _spread(among)), 8) for name, among in ends.items()}
    return ProbeResults({"path_length": lengths}, pictures)


def _steps(context: ProbeContext, count: int) -> Iterator[PathSteps]:
    for steps in Samples(context.generator, context.train_set, context.seed).paths(count, "wend"):
        context.progress(f"path lengths, {steps.start} of {count}")
        yield steps


def _spread(among: Int[np.ndarray, " m"]) -> Int[np.ndarray, " k"]:
    """Return at most SHOWN of the indices, evenly spaced from first to last."""
    places = np.linspace(0, len(among) - 1, min(SHOWN, len(among))).round().astype(int)
    chosen: Int[np.ndarray, " k"] = among[places]
    return chosen


def _images(context: ProbeContext, count: int, wanted: Int[np.ndarray, " k"]) -> Tensor:
    found: dict[int, Tensor] = {}
    for start, before, _ in _steps(context, count):
        for index in wanted[(wanted >= start) & (wanted < start + len(before))]:
            found[int(index)] = to_uint8(before[int(index) - start]).cpu()
    return torch.stack([found[int(index)] for index in wanted])
