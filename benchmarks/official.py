"""The official formulation of the networks, as a baseline: planes (NCHW), per-sample weights, plain torch.

The demodulation is computed from a tensor of weights [n o i k k]; images are resampled by zero insertion, padding, a
depthwise convolution and subsampling; bias, noise, activation, gain and clamp are separate steps; derivatives are
torch's. Written from the papers (StyleGAN2 Sec. 2.2, ADA App. B); parameters are those of our networks.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.model.layers import Convolution, FullyConnected
from trainer.model.modulated import SynthesisLayer, ToRgb
from trainer.ops.activations import ACTIVATIONS
from trainer.ops.modulated_conv2d import modulated_weights
from trainer.ops.reference import ReferenceKernels
from trainer.ops.resampling import Steps
from trainer.ops.upfirdn2d import down_padding, up_padding


class Official(ReferenceKernels):
    """Resample step by step; the other operations are those of the reference, but never in place."""

    name = "official"

    def resample(self, x: Tensor, f: Tensor, steps: Steps) -> Tensor:
        return zeros_filter_choose(x, f, steps.up[0], steps.down[0], [*steps.columns, *steps.rows])

    def leaky_relu(self, x: Tensor, clamp: float | None) -> Tensor:
        return activated(x, None, 1.0, clamp)


def zeros_filter_choose(x: Tensor, f: Tensor, up: int = 1, down: int = 1, around: list[int] | None = None) -> Tensor:
    """Return every `down`-th pixel of x after zero insertion, padding and filtering at full size."""
    n, c, h, w = x.shape
    x = F.pad(x.reshape(n, c, h, 1, w, 1), [0, up - 1, 0, 0, 0, up - 1]).reshape(n, c, h * up, w * up)
    x = F.pad(x, around or [0] * 4)
    f = f.flip([0, 1])[None, None].repeat(c, 1, 1, 1)
    return F.conv2d(x, f.to(x.dtype), groups=c)[:, :, ::down, ::down]


def activated(x: Tensor, bias: Tensor | None, gain: float, clamp: float | None, act: str = "lrelu") -> Tensor:
    """Return clamp(gain * act(x + bias)), step by step."""
    x = x if bias is None else x + bias.to(x.dtype)[None, :, None, None]
    x = ACTIVATIONS[act].function(x, ACTIVATIONS[act].alpha)
    x = x * gain
    return x if clamp is None else x.clamp(-clamp, clamp)


def resampled_convolution(x: Tensor, weight: Tensor, f: Tensor, up: int, down: int, groups: int = 1) -> Tensor:
    """Return the convolution of x with `weight`, upsampled or downsampled with the filter f."""
    k = weight.shape[-1]
    if up > 1 and k == 1:
        return zeros_filter_choose(F.conv2d(x, weight, groups=groups), f * up**2, up, 1, up_padding(f, up, up))
    if up > 1:
        o, i = weight.shape[:2]
        turned = weight.reshape(groups, o // groups, i, k, k).transpose(1, 2).reshape(-1, o // groups, k, k)
        x = F.conv_transpose2d(x, turned, stride=up, groups=groups)
        return zeros_filter_choose(x, f * up**2, 1, 1, [1, 1, 1, 1])
    if down > 1 and k == 1:
        return F.conv2d(zeros_filter_choose(x, f, 1, down, down_padding(f, down, down)), weight)
    if down > 1:
        return F.conv2d(zeros_filter_choose(x, f, 1, 1, [2, 2, 2, 2]), weight, stride=down)
    return F.conv2d(x, weight, padding=k // 2, groups=groups)


class Layers:
    """The forward passes of the four layer types; with `grouped`, a grouped convolution has per-sample weights."""

    def __init__(self, grouped: bool) -> None:
        self.grouped = grouped

    def synthesis(self, layer: SynthesisLayer, x: Tensor, w: Tensor, mode: str = "random", gain: float = 1.0) -> Tensor:
        x = self.modulated(x, layer.weight, layer.affine(w), layer.resample_filter, layer.up, True)
        if mode != "none":
            noise = torch.randn([len(x), 1, *x.shape[2:]], device=x.device) if mode == "random" else layer.noise_const
            x = x + noise * layer.noise_strength
        clamp = None if layer.clamp is None else layer.clamp * gain
        return activated(x, layer.bias, ACTIVATIONS["lrelu"].gain * gain, clamp)

    def to_rgb(self, layer: ToRgb, x: Tensor, w: Tensor) -> Tensor:
        x = self.modulated(x, layer.weight, layer.affine(w) * layer.weight_gain, None, 1, False)
        return activated(x, layer.bias, 1.0, layer.clamp, "linear")

    def modulated(self, x: Tensor, weight: Tensor, styles: Tensor, f: Any, up: int, demodulate: bool) -> Tensor:
        if self.grouped:
            weights = modulated_weights(weight, styles, demodulate).flatten(0, 1)
            y = resampled_convolution(x.reshape(1, -1, *x.shape[2:]), weights, f, up, 1, groups=len(x))
            return y.reshape(len(x), -1, *y.shape[2:])
        scaled = weight * styles[:, None, :, None, None]
        y = resampled_convolution(x * styles[:, :, None, None], weight, f, up, 1)
        return y * (scaled.square().sum([2, 3, 4]) + 1e-8).rsqrt()[:, :, None, None] if demodulate else y

    def convolution(self, layer: Convolution, x: Tensor, gain: float = 1.0) -> Tensor:
        x = resampled_convolution(x, layer.weight * layer.weight_gain, layer.resample_filter, layer.up, layer.down)
        clamp = None if layer.clamp is None else layer.clamp * gain
        return activated(x, layer.bias, ACTIVATIONS[layer.activation].gain * gain, clamp, layer.activation)

    def connected(self, layer: FullyConnected, x: Tensor) -> Tensor:
        bias = None if layer.bias is None else layer.bias * layer.bias_gain
        x = F.linear(x, layer.weight * layer.weight_gain, bias)
        act = ACTIVATIONS[layer.activation]
        return act.function(x, act.alpha) * act.gain


def rewrite(network: nn.Module, grouped: bool) -> None:
    """Replace the forward pass of every layer of a network by the official formulation."""
    layers = Layers(grouped)
    kinds: dict[type, Callable[..., Tensor]] = {
        SynthesisLayer: layers.synthesis,
        ToRgb: layers.to_rgb,
        Convolution: layers.convolution,
        FullyConnected: layers.connected,
    }
    for module in network.modules():
        if type(module) in kinds:
            module.forward = partial(kinds[type(module)], module)
