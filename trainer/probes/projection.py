"""How near the generator comes to given images (Karras et al. 2020b, Sec. 5, Fig. 10).

Images it has made itself and real ones are projected into W; the perceptual distances that are left tell whether a
generated image can be traced back to its network. Each takes as long as `python -m trainer project`.
"""

from copy import deepcopy
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from trainer.evaluation.real_features import chosen
from trainer.evaluation.samples import Samples
from trainer.probes.scene import Findings, Scene
from trainer.projection.projector import Projector
from trainer.projection.schedule import Schedule

COUNT: Final = 100
PAPER: Final = Schedule()


def probe(scene: Scene, count: int | None = None, schedule: Schedule = PAPER) -> Findings:
    """Return `generated` [n] and `real` [n], distances left after projection."""
    count = count or COUNT
    samples = Samples(scene.generator, scene.train_set, scene.seed)
    draws = samples.first("projection", count)
    with torch.no_grad():
        made = scene.images_of(draws)
    indices = chosen(len(scene.train_set.whole), count)
    real = scene.train_set.whole.images(indices).to(scene.device).float() / 127.5 - 1
    labels = scene.train_set.whole.labels(indices)[:, : draws.c.shape[1]].to(scene.device)
    return Findings({"generated": _left(scene, made, draws.c, schedule), "real": _left(scene, real, labels, schedule)})


def _left(
    scene: Scene, images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n cdim"], schedule: Schedule
) -> Float64[np.ndarray, " n"]:
    """Return the distance that is left for each image."""
    found = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        scene.progress(f"projecting image {number} of {len(images)}")
        generator = deepcopy(scene.stylegan2)  # whose noise is optimised
        projector = Projector(generator, scene.judges.distance, label[None], scene.seed)
        found.append(projector.project(image[None], schedule).distance)
    return np.array(found)
