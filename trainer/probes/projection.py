"""How closely the generator can reproduce given images (Karras et al. 2020b, Sec. 5, Fig. 10).

Generated and real images are projected into W; the remaining perceptual distances show whether a generated image can
be attributed to its network. Each projection takes as long as `python -m trainer project`.
"""

from copy import deepcopy
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from trainer.evaluation.real_features import chosen
from trainer.evaluation.samples import Samples
from trainer.probes.context import ProbeContext, ProbeResults
from trainer.projection.projector import Projector
from trainer.projection.schedule import Schedule

COUNT: Final = 100
PAPER: Final = Schedule()


def probe(context: ProbeContext, count: int | None = None, schedule: Schedule = PAPER) -> ProbeResults:
    """Return `generated` [n] and `real` [n], the distances after projection."""
    count = count or COUNT
    samples = Samples(context.generator, context.train_set, context.seed)
    draws = samples.first("projection", count)
    with torch.no_grad():
        made = context.images_of(draws)
    indices = chosen(len(context.train_set.whole), count)
    real = context.train_set.whole.images(indices).to(context.device).float() / 127.5 - 1
    labels = context.train_set.whole.labels(indices)[:, : draws.c.shape[1]].to(context.device)
    return ProbeResults(
        {"generated": _distances(context, made, draws.c, schedule), "real": _distances(context, real, labels, schedule)}
    )


def _distances(
    context: ProbeContext, images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n cdim"], schedule: Schedule
) -> Float64[np.ndarray, " n"]:
    """Return the distance of each image after projection."""
    found = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        context.progress(f"projecting image {number} of {len(images)}")
        generator = deepcopy(context.styled)  # whose noise is optimised
        projector = Projector(generator, context.feature_networks.distance, label[None], context.seed)
        found.append(projector.project(image[None], schedule).distance)
    return np.array(found)
