"""Convolution with weights scaled per sample by styles, then normalised (StyleGAN2, Sec. 2.2).

    w'_oik = s_i w_oik,    w''_oik = w'_oik / sqrt(sum_ik w'_oik^2 + 1e-8)         (Eq. 1 and 3)

The modulation acts on input channels and the demodulation on output channels, so both can be moved from the weights
to the activations: y = d * conv(s * x, w), d_no = (sum_i s_ni^2 sum_k w_oik^2 + 1e-8)^-1/2. All samples then share
one convolution, and d is a matrix product instead of a tensor [n o i k k].
"""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.ops.conv2d_resample import conv2d_resample
from trainer.ops.kernels import kernels
from trainer.ops.layout import fast_layout, has_channels_last
from trainer.ops.reference import plus
from trainer.ops.upfirdn2d import Filter, Pair

Modulation = Literal["activations", "per-sample"]
NoiseMap = Float[Tensor, "h2 w2"] | Float[Tensor, "#n 1 h2 w2"]

EPSILON = 1e-8


def modulated_conv2d(
    x: Float[Tensor, "n i h w"],
    weight: Float[Tensor, "o i k k"],
    styles: Float[Tensor, "n i"],
    noise: NoiseMap | None = None,
    up: int = 1,
    down: int = 1,
    padding: Pair = 0,
    resample_filter: Filter | None = None,
    demodulate: bool = True,
    flip_weight: bool = True,
    modulation: Modulation = "activations",
    gain: float = 1.0,
) -> Float[Tensor, "n o h2 w2"]:
    """Return gain * (modulated convolution of x) + noise. `modulation` affects only speed and rounding."""
    resample = Resample(up, down, padding, resample_filter, flip_weight)
    y, scale = _convolved(x, weight, styles, resample, demodulate, modulation, gain)
    return plus(y if scale is None else kernels().modulate(y, scale), noise)


def modulated_layer(
    x: Float[Tensor, "n i h w"],
    weight: Float[Tensor, "o i k k"],
    styles: Float[Tensor, "n i"],
    noise: NoiseMap | None,
    bias: Float[Tensor, " o"],
    clamp: float | None,
    up: int,
    resample_filter: Filter,
    demodulate: bool,
    modulation: Modulation,
    gain: float,
) -> Float[Tensor, "n o h2 w2"]:
    """Return clamp(lrelu(gain * (modulated convolution of x) + noise + bias)), in one step after the convolution."""
    resample = Resample(up, 1, weight.shape[-1] // 2, resample_filter, up == 1)
    y, scale = _convolved(x, weight, styles, resample, demodulate, modulation, gain)
    return kernels().finish(y, scale, noise, bias, clamp)


def _convolved(
    x: Tensor,
    weight: Tensor,
    styles: Tensor,
    resample: "Resample",
    demodulate: bool,
    modulation: Modulation,
    gain: float,
) -> tuple[Float[Tensor, "n o h2 w2"], Float[Tensor, "#n #o"] | None]:
    """Return the convolution, and the remaining factors of its channels, None if there are none."""
    if demodulate and x.dtype == torch.float16:
        weight, styles = pre_normalized(weight, styles)
    if weight.shape[-1] == resample.up == resample.down == 1 and not resample.padding:
        return _pointwise(x, modulated_weights(weight, styles, demodulate) * gain), None
    if modulation == "per-sample":
        return _by_sample(x, modulated_weights(weight, styles, demodulate) * gain, resample), None
    y = resample.convolve(kernels().modulate(x, styles), weight)
    if demodulate:
        return y, demodulation(weight, styles) * gain
    return y, None if gain == 1 else torch.full_like(styles[:, :1], gain).expand(-1, len(weight))


class Resample(NamedTuple):
    """The resampling arguments of `conv2d_resample`."""

    up: int
    down: int
    padding: Pair
    f: Filter | None
    flip_weight: bool

    def convolve(self, x: Tensor, weight: Tensor, groups: int = 1) -> Tensor:
        return conv2d_resample(
            x, weight, self.f, self.up, self.down, self.padding, groups=groups, flip_weight=self.flip_weight
        )


def pre_normalized(
    weight: Float[Tensor, "o i k k"], styles: Float[Tensor, "n i"]
) -> tuple[Float[Tensor, "o i k k"], Float[Tensor, "n i"]]:
    """Return both, scaled so that float16 cannot overflow; demodulation cancels the scale.

    bfloat16 has the range of float32 and does not need this.
    """
    fan_in = weight[0].numel()
    weight = weight / (weight.abs().amax(dim=(1, 2, 3), keepdim=True) * fan_in**0.5)
    return weight, styles / styles.abs().amax(dim=1, keepdim=True)


def demodulation(weight: Float[Tensor, "o i k k"], styles: Float[Tensor, "n i"]) -> Float[Tensor, "n o"]:
    """Return d_no = (sum_i s_ni^2 sum_k w_oik^2 + 1e-8)^-1/2 (StyleGAN2, Eq. 3)."""
    return (styles.square() @ (weight.square().flatten(2) @ weight.new_ones(weight[0, 0].numel())).T + EPSILON).rsqrt()


def modulated_weights(
    weight: Float[Tensor, "o i k k"], styles: Float[Tensor, "n i"], demodulate: bool
) -> Float[Tensor, "n o i k k"]:
    """Return w' of every sample, or w'' if `demodulate` (StyleGAN2, Eq. 1 and 3)."""
    weights = weight * styles[:, None, :, None, None]
    if not demodulate:
        return weights
    return weights * (weights.square().sum(dim=(2, 3, 4), keepdim=True) + EPSILON).rsqrt()


def _by_sample(x: Tensor, weights: Float[Tensor, "n o i k k"], resample: Resample) -> Tensor:
    n, i, h, w = x.shape
    y = resample.convolve(x.reshape(1, n * i, h, w), weights.to(x.dtype).flatten(0, 1), groups=n)
    return y.reshape(n, -1, *y.shape[2:])


def _pointwise(x: Tensor, weights: Float[Tensor, "n o i 1 1"]) -> Tensor:
    """Return the 1x1 convolution of each sample with its own weights: one matrix product each."""
    n, i, h, w = x.shape
    x, matrices = fast_layout(x), weights.to(x.dtype).flatten(2)
    if not has_channels_last(x):
        return (matrices @ x.flatten(2)).reshape(n, -1, h, w)
    pixels = x.permute(0, 2, 3, 1).reshape(n, h * w, i)
    return (pixels @ matrices.mT).reshape(n, h, w, -1).permute(0, 3, 1, 2)
