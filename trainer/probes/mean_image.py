"""The mean of many generated images (Karras et al. 2020, ADA, Fig. 7d): blurred where augmentations have leaked."""

from collections.abc import Iterator
from typing import Final

import torch
from jaxtyping import Float64, UInt8
from torch import Tensor

from trainer.evaluation.real_features import chosen
from trainer.evaluation.samples import BATCH, Samples
from trainer.probes.context import ProbeContext, ProbeResults

COUNT: Final = 10_000


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return the means `generated` and `real` [c h w] in 0..255, the latter of the whole set, and both as pictures."""
    count = count or COUNT
    made = mean(batch.images for batch in Samples(context.generator, context.train_set, context.seed).images(count))
    indices = chosen(len(context.train_set.whole), count)
    parts = (indices[start : start + BATCH] for start in range(0, len(indices), BATCH))
    real = mean(context.train_set.whole.images(part) for part in parts)
    pictures = {name: image.round().to(torch.uint8) for name, image in (("generated", made), ("real", real))}
    return ProbeResults({"generated": made.numpy(), "real": real.numpy()}, pictures)


def mean(batches: Iterator[UInt8[Tensor, "n c h w"]]) -> Float64[Tensor, "c h w"]:
    """Return the mean image of all batches."""
    total, count = torch.zeros([], dtype=torch.float64), 0
    for images in batches:
        total = total + images.sum(0, dtype=torch.float64)
        count += len(images)
    return total / count
