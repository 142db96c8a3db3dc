"""Convolution whose weights are scaled per sample by styles, and normalised again (StyleGAN2, Sec. 2.2).

    w'_oik = s_i w_oik,    w''_oik = w'_oik / sqrt(sum_ik w'_oik^2 + 1e-8)         (Eq. 1 and 3)

The modulation acts on input channels and the demodulation on output channels, so both can be moved from the weights
to the activations: y = d * conv(s * x, w), d_no = (sum_i s_ni^2 sum_k w_oik^2 + 1e-8)^-1/2. All samples then share
one convolution, and d is a matrix product instead of a tensor [n o i k k].
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.ops.conv2d_resample import conv2d_resample
from trainer.ops.upfirdn2d import Filter, Pair

Modulation = Literal["activations", "per-sample"]
Noise = Float[Tensor, "h2 w2"] | Float[Tensor, "#n 1 h2 w2"]

EPSILON = 1e-8


def modulated_conv2d(
    x: Float[Tensor, "n i h w"],
    weight: Float[Tensor, "o i k k"],
    styles: Float[Tensor, "n i"],
    noise: Noise | None = None,
    up: int = 1,
    down: int = 1,
    padding: Pair = 0,
    resample_filter: Filter | None = None,
    demodulate: bool = True,
    flip_weight: bool = True,
    modulation: Modulation = "activations",
) -> Float[Tensor, "n o h2 w2"]:
    """Return the modulated convolution of x, plus `noise`. `modulation` changes speed and rounding only."""
    if demodulate and x.dtype in (torch.float16, torch.bfloat16):
        weight, styles = pre_normalized(weight, styles)
    convolve = _by_sample if modulation == "per-sample" else _by_activations
    return convolve(x, weight, styles, noise, up, down, padding, resample_filter, demodulate, flip_weight)


def pre_normalized(
    weight: Float[Tensor, "o i k k"], styles: Float[Tensor, "n i"]
) -> tuple[Float[Tensor, "o i k k"], Float[Tensor, "n i"]]:
    """Return both scaled so that half precision cannot overflow; demodulation takes the scale out again."""
    fan_in = weight[0].numel()
    weight = weight / (weight.abs().amax(dim=(1, 2, 3), keepdim=True) * fan_in**0.5)
    return weight, styles / styles.abs().amax(dim=1, keepdim=True)


def demodulation(weight: Float[Tensor, "o i k k"], styles: Float[Tensor, "n i"]) -> Float[Tensor, "n o"]:
    """Return d_no = (sum_i s_ni^2 sum_k w_oik^2 + 1e-8)^-1/2 (StyleGAN2, Eq. 3)."""
    return (styles.square() @ weight.square().sum(dim=(2, 3)).T + EPSILON).rsqrt()


def _by_activations(
    x: Tensor,
    weight: Tensor,
    styles: Tensor,
    noise: Tensor | None,
    up: int,
    down: int,
    padding: Pair,
    f: Filter | None,
    demodulate: bool,
    flip_weight: bool,
) -> Tensor:
    y = x * styles.to(x.dtype)[:, :, None, None]
    y = conv2d_resample(y, weight.to(x.dtype), f, up, down, padding, flip_weight=flip_weight)
    if demodulate:
        y = y * demodulation(weight, styles).to(x.dtype)[:, :, None, None]
    return y if noise is None else y + noise.to(x.dtype)


def _by_sample(
    x: Tensor,
    weight: Tensor,
    styles: Tensor,
    noise: Tensor | None,
    up: int,
    down: int,
    padding: Pair,
    f: Filter | None,
    demodulate: bool,
    flip_weight: bool,
) -> Tensor:
    n, i, h, w = x.shape
    weights = weight * styles[:, None, :, None, None]
    if demodulate:
        weights = weights * (weights.square().sum(dim=(2, 3, 4), keepdim=True) + EPSILON).rsqrt()
    grouped = weights.to(x.dtype).flatten(0, 1)
    y = conv2d_resample(x.reshape(1, n * i, h, w), grouped, f, up, down, padding, groups=n, flip_weight=flip_weight)
    y = y.reshape(n, -1, *y.shape[2:])
    return y if noise is None else y + noise.to(x.dtype)
