"""Perceptual path length (Karras et al. 2019, "A style-based generator architecture", Sec. 4.1).

    PPL = E[ d(g(t), g(t + eps)) / eps^2 ]

with d a perceptual distance of images and g the generator along a path between two random latents: spherical in z,
linear in w; eps = 1e-4; t uniform ("full") or 0 ("end"). The mean excludes the extreme percent on either side. Numbers
are comparable only for the same distance (in the papers, LPIPS of VGG16).
"""

from typing import Final

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float, Float64
from torch import Tensor

EPSILON: Final = 1e-4
PERCENTILES: Final = (1, 99)


def slerp(
    start: Float[Tensor, "n zdim"], end: Float[Tensor, "n zdim"], t: Float[Tensor, "n 1"]
) -> Float[Tensor, "n zdim"]:
    """Return the point at fraction t of the great circle from `start` to `end`, as a unit vector (Shoemake 1985)."""
    start, end = F.normalize(start, dim=-1), F.normalize(end, dim=-1)
    cosine = (start * end).sum(-1, keepdim=True)
    angle = t * cosine.acos()
    across = F.normalize(end - cosine * start, dim=-1)
    return F.normalize(start * angle.cos() + across * angle.sin(), dim=-1)


def face_region(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h/2 w/2"]:
    """Return the face region of an aligned portrait: rows 3/8 to 7/8, columns 2/8 to 6/8."""
    eighth = images.shape[-1] // 8
    return images[:, :, 3 * eighth : 7 * eighth, 2 * eighth : 6 * eighth]


def path_length(distances: Float[np.ndarray, " n"], epsilon: float = EPSILON) -> float:
    """Return PPL of the distances d(g(t), g(t + epsilon)), without the extreme percent on either side."""
    lengths: Float64[np.ndarray, " n"] = np.asarray(distances, dtype=np.float64) / epsilon**2
    low = np.percentile(lengths, PERCENTILES[0], method="lower")
    high = np.percentile(lengths, PERCENTILES[1], method="higher")
    return float(lengths[(lengths >= low) & (lengths <= high)].mean())
