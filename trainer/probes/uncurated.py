"""Uncurated images, with and without truncation, beside real ones (Karras et al. 2020, ADA, Fig. 12-16).

All latents come from one seed, as in the paper (which uses a seed per figure, starting at 600), so the sheets of all
methods show the same latents.
"""

from typing import Final

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from trainer.evaluation.samples import Samples
from trainer.images.grids import tile
from trainer.probes.context import ProbeContext, ProbeResults
from trainer.runtime.randomness import generator_of

COUNT: Final = 24
COLUMNS: Final = 4
PSI: Final = 0.7
SEED: Final = 600


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `seed` and `psi`, and the pictures `real` (of the whole set), `generated` and `truncated`.

    A generator without a w cannot be truncated by psi, so its `truncated` picture is omitted.
    """
    count = count or COUNT
    pictures = {"real": _real(context, count), "generated": _made(context, count, 1.0)}
    if context.config.generator.maps:
        pictures["truncated"] = _made(context, count, PSI)
    return ProbeResults({"seed": np.array(SEED), "psi": np.array(PSI)}, pictures)


def _real(context: ProbeContext, count: int) -> UInt8[Tensor, "c rows_h columns_w"]:
    whole = context.train_set.whole
    picks = torch.randperm(len(whole), generator=generator_of(SEED, "uncurated"))[:count]
    return tile(whole.images(picks.numpy()), COLUMNS)


def _made(context: ProbeContext, count: int, psi: float) -> UInt8[Tensor, "c rows_h columns_w"]:
    subject = Samples(context.generator, context.train_set, SEED, psi)
    return tile(torch.cat([batch.images for batch in subject.images(count)])[:count], COLUMNS)
