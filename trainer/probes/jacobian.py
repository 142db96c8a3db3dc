"""How strongly an image changes along each direction of w (Karras et al. 2020b, App. C, Fig. 17).

The singular values of J = dg(w)/dw, with the same w for all layers and constant noise. Path length regularisation makes
them similar. Columns J v are computed from J^T u, which is linear in u: its derivative with respect to u along v is J
v.
"""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from trainer.evaluation.feature_cache import scratch
from trainer.evaluation.samples import Samples
from trainer.model.generator import Generator
from trainer.probes.context import ProbeContext, ProbeResults

COUNT: Final = 4
AT_ONCE: Final = 16
BLOCK: Final = 65_536


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `singular_values` [n wdim] of J at n random w, largest first."""
    draws = Samples(context.generator, context.train_set, context.seed).first("jacobian", count or COUNT)
    with torch.no_grad():
        ws = context.generator.mapping(draws.z, draws.c)[:, 0]
    return ProbeResults({"singular_values": np.stack([_singular_values(context, w) for w in ws])})


def _singular_values(context: ProbeContext, w: Float[Tensor, " wdim"]) -> Float64[np.ndarray, " wdim"]:
    """Return the roots of the eigenvalues of J^T J; the columns of J, which may be large, are stored on disk."""
    generator = context.stylegan2
    columns = scratch((len(w), generator.channels * generator.resolution**2), context.cache_dir)
    for start in range(0, len(w), AT_ONCE):
        context.progress("jacobian")
        directions = torch.eye(len(w), device=w.device)[start : start + AT_ONCE]
        columns[start : start + AT_ONCE] = products(generator, w, directions).cpu().numpy()
    gram = np.zeros((len(w), len(w)))
    for start in range(0, columns.shape[1], BLOCK):
        block = columns[:, start : start + BLOCK].astype(np.float64)
        gram += block @ block.T
    values: Float64[np.ndarray, " wdim"] = np.sqrt(np.clip(np.linalg.eigvalsh(gram)[::-1], 0, None))
    return values


def products(
    generator: Generator, w: Float[Tensor, " wdim"], directions: Float[Tensor, "k wdim"]
) -> Float[Tensor, "k pixels"]:
    """Return J v for every direction v."""
    points = w.expand(len(directions), -1).clone().requires_grad_(True)
    ws = points[:, None].expand(-1, generator.num_ws, -1)
    images = generator.synthesis(ws, noise_mode="const", force_fp32=True).flatten(1)
    u = torch.zeros_like(images, requires_grad=True)
    (backwards,) = torch.autograd.grad(images, points, u, create_graph=True)
    (forwards,) = torch.autograd.grad(backwards, u, directions)
    return forwards
