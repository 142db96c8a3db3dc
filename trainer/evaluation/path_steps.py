"""The perceptual distances of small steps along latent paths, from which path length is computed."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Float64

from trainer.evaluation.samples import PathSteps, Share, Subject
from trainer.evaluation.shared_work import Progress, in_rounds
from trainer.metrics.ppl import face_region
from trainer.perceptual import PerceptualFeatures, distance
from trainer.perceptual.distance import as_seen
from trainer.runtime.world import World


class Measured(NamedTuple):
    """The distances of a batch of steps, and the number of the first step."""

    start: int
    distances: Float32[np.ndarray, " n"]


@torch.inference_mode()
def perceptual_distances(steps: PathSteps, features: PerceptualFeatures, crop: bool) -> Measured:
    """Return the perceptual distance between the ends of each step; with `crop`, of the central face region only."""
    ends = [as_seen(images) for images in (steps.before, steps.after)]
    before, after = (features(face_region(end) if crop else end) for end in ends)
    return Measured(steps.start, distance(before, after).cpu().numpy())


def step_distances(
    subject: Subject,
    path: str,
    count: int,
    features: PerceptualFeatures,
    world: World,
    progress: Progress,
) -> Float64[np.ndarray, " count"]:
    """Return the distances of `count` steps on one kind of path, computed by all processes together."""
    found: list[Float32[np.ndarray, " n"]] = []

    def own() -> Iterator[Measured]:
        for steps in subject.paths(count, path.removesuffix("_crop"), Share(world.rank, world.size)):
            yield perceptual_distances(steps, features, path.endswith("_crop"))

    def pulse() -> None:
        progress(f"paths in {path[0]}, {sum(map(len, found))} of {count}")

    for measured in in_rounds(own(), world, pulse):
        found.append(measured.distances)
    distances = np.concatenate(found).astype(np.float64)[:count]
    assert len(distances) == count, f"requested {count} paths, got {len(distances)}"
    return distances
