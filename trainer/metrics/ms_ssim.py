"""Multi-scale structural similarity (Wang et al. 2003), the measure of diversity of Karras et al. 2018, Sec. 5.

With local means, variances and covariance under a Gaussian window of 11 pixels and standard deviation 1.5:

    l = (2 m_x m_y + C1) / (m_x^2 + m_y^2 + C1)        C1 = (0.01 * 255)^2
    s = (2 v_xy + C2) / (v_x + v_y + C2)               C2 = (0.03 * 255)^2
    MS-SSIM = mean(l s)_5^w_5 * product_{i=1..4} mean(s)_i^w_i,  scale i + 1 being scale i averaged over 2x2 pixels

For images smaller than the window, the window shrinks. Negative similarities count as 0. The score of a generator is
the mean over pairs of its images, 10,000 in the papers. Lower is more diverse.
"""

from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

WEIGHTS: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW: Final = 11
SIGMA: Final = 1.5
C1: Final = (0.01 * 255) ** 2
C2: Final = (0.03 * 255) ** 2

AnyImages = Shaped[Tensor, "n c h w"]


class Similarity(NamedTuple):
    """Mean over an image of l s, and of s alone."""

    whole: Float[Tensor, " n"]
    structure: Float[Tensor, " n"]


def ms_ssim(first: AnyImages, second: AnyImages) -> Float[Tensor, " n"]:
    """Return the similarity of every pair of images (0..255); 1 if they are equal."""
    x, y = first.double(), second.double()
    score = torch.ones(len(x), dtype=torch.float64)
    for scale, weight in enumerate(WEIGHTS, start=1):
        whole, structure = ssim(x, y)
        score = score * (whole if scale == len(WEIGHTS) else structure).clamp(min=0) ** weight
        x, y = halved(x), halved(y)
    return score


def ssim(x: Float[Tensor, "n c h w"], y: Float[Tensor, "n c h w"]) -> Similarity:
    """Return the similarity of every pair at one scale (Wang et al. 2004)."""
    mean_x, mean_y = smoothed(x), smoothed(y)
    variance_x = smoothed(x * x) - mean_x**2
    variance_y = smoothed(y * y) - mean_y**2
    covariance = smoothed(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    structure = (2 * covariance + C2) / (variance_x + variance_y + C2)
    return Similarity((luminance * structure).mean((1, 2, 3)), structure.mean((1, 2, 3)))


def smoothed(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c i j"]:
    """Return the Gaussian-weighted local means, only where the window is inside the image."""
    size = min(WINDOW, *images.shape[-2:])
    offsets = torch.arange(size, dtype=images.dtype) - (size - 1) / 2
    taps = torch.exp(-0.5 * (offsets / (SIGMA * size / WINDOW)) ** 2)
    taps = (taps / taps.sum()).expand(images.shape[1], 1, 1, size)
    rows = F.conv2d(images, taps, groups=images.shape[1])
    return F.conv2d(rows, taps.transpose(2, 3), groups=images.shape[1])


def halved(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c _h _w"]:
    """Return images averaged over 2x2 pixels; a single pixel is unchanged."""
    return F.avg_pool2d(images, 2) if min(images.shape[-2:]) > 1 else images
