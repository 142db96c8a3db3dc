"""Where the discriminator's gradient changes images (Karras et al. 2020, ADA, Fig. 6c).

The magnitude of the gradient of -log sigmoid D(G(z)) in every pixel, for the same latents at every snapshot. Without
overfitting it follows the image content; with an overfitted discriminator it is spread over the whole image.
"""

from typing import Final

import torch

from trainer.evaluation.samples import Samples
from trainer.images.grids import tile, to_uint8
from trainer.objectives.losses import generator_logistic
from trainer.probes.context import ProbeContext, ProbeResults

COUNT: Final = 16


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `magnitude` [n h w], the norm over channels, and sheets of both images and magnitudes."""
    count = count or COUNT
    draws = Samples(context.generator, context.train_set, context.seed).first("gradients", count)
    with torch.no_grad():
        images = context.images_of(draws)
    images.requires_grad_(True)
    loss = generator_logistic(context.discriminator(images, draws.c, force_fp32=True)).sum()
    (gradient,) = torch.autograd.grad(loss, images)
    magnitude = gradient.norm(dim=1).cpu()
    brightest = magnitude.amax((1, 2), keepdim=True).clamp(min=torch.finfo(magnitude.dtype).tiny)
    shown = (magnitude / brightest * 255).to(torch.uint8)[:, None]
    pictures = {"images": tile(to_uint8(images.detach()).cpu(), 8), "magnitude": tile(shown, 8)}
    return ProbeResults({"magnitude": magnitude.numpy()}, pictures)
