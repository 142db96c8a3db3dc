"""Fully connected and convolutional layers with equalised learning rate (Karras et al. 2018, Sec. 4.1).

Stored weights have unit variance and are multiplied by 1/sqrt(fan_in) at runtime.
"""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.config.networks.stylegan2 import BINOMIAL
from trainer.ops.bias_act import ACTIVATIONS, bias_act, leaky_relu_in_place
from trainer.ops.conv2d_resample import conv2d_resample
from trainer.ops.upfirdn2d import setup_filter


class FullyConnected(nn.Module):
    """y = act(W x m/sqrt(in) + b m), m = lr_multiplier; weights are stored divided by m, so they learn m times as fast.

    A method may set `before_bias`, a module applied to W x if there is an activation.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: str = "linear",
        bias: bool = True,
        lr_multiplier: float = 1.0,
        bias_init: float = 0.0,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.full([outputs], bias_init)) if bias else None
        self.weight_gain = lr_multiplier / math.sqrt(inputs)
        self.bias_gain = lr_multiplier
        self.before_bias: nn.Module | None = None

    def forward(self, x: Float[Tensor, "n inputs"]) -> Float[Tensor, "n outputs"]:
        bias = self.bias if self.bias is None or self.bias_gain == 1 else self.bias * self.bias_gain
        if self.activation == "linear" and bias is not None:
            return torch.addmm(bias, x, self.weight.T, alpha=self.weight_gain)
        x = x @ (self.weight * self.weight_gain).T
        return bias_act(x if self.before_bias is None else self.before_bias(x), bias, activation=self.activation)


class Convolution(nn.Module):
    """y = clamp(gain * act(down(W up(x)) / sqrt(fan_in) + b)). If not `trainable`, weight and bias are buffers.

    A method may set `weight_norm`, a module applied to W / sqrt(fan_in), and `before_bias`, applied before b is added.
    """

    resample_filter: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        bias: bool = True,
        activation: Literal["linear", "lrelu"] = "linear",
        up: int = 1,
        down: int = 1,
        clamp: float | None = None,
        trainable: bool = True,
        taps: Sequence[float] = BINOMIAL,
    ) -> None:
        super().__init__()
        self.activation, self.up, self.down, self.clamp = activation, up, down, clamp
        self.padding = kernel // 2
        self.weight_gain = 1 / math.sqrt(inputs * kernel**2)
        self.bias: Tensor | None
        self.weight: Tensor
        self._register("weight", torch.randn(outputs, inputs, kernel, kernel), trainable)
        self._register("bias", torch.zeros(outputs) if bias else None, trainable)
        self.weight_norm: nn.Module | None = None
        self.before_bias: nn.Module | None = None
        self.register_buffer("resample_filter", setup_filter(taps))

    def _register(self, name: str, value: Tensor | None, trainable: bool) -> None:
        if trainable and value is not None:
            self.register_parameter(name, nn.Parameter(value))
        else:
            self.register_buffer(name, value)

    def forward(self, x: Float[Tensor, "n i h w"], gain: float = 1.0) -> Float[Tensor, "n o h2 w2"]:
        clamp = None if self.clamp is None else self.clamp * gain
        gain = ACTIVATIONS[self.activation].gain * gain
        if self.before_bias is not None:
            x = self.before_bias(self._convolved(x, 1.0, None))
            bias = None if self.bias is None else self.bias.to(x.dtype)
            return bias_act(x, bias, activation=self.activation, gain=gain, clamp=clamp)
        x = self._convolved(x, gain, None if self.bias is None else (self.bias * gain).to(x.dtype))
        return leaky_relu_in_place(x, clamp) if self.activation == "lrelu" else bias_act(x, clamp=clamp)

    def _convolved(self, x: Tensor, gain: float, bias: Tensor | None) -> Tensor:
        weight, f = self._scaled_weight(gain), self.resample_filter
        return conv2d_resample(x, weight, f, self.up, self.down, self.padding, flip_weight=self.up == 1, bias=bias)

    def _scaled_weight(self, gain: float) -> Tensor:
        if self.weight_norm is None:
            return self.weight * (self.weight_gain * gain)
        normed: Tensor = self.weight_norm(self.weight * self.weight_gain)
        return normed * gain
