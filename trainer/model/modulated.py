"""The layers of the synthesis network: convolutions modulated by an affine function of w (StyleGAN2, Sec. 2)."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.config.networks.stylegan2 import BINOMIAL
from trainer.model.layers import FullyConnected
from trainer.model.network import PowerIterated
from trainer.model.spectral import SpectralNorm
from trainer.ops.bias_act import ACTIVATIONS, bias_act
from trainer.ops.modulated_conv2d import Modulation, modulated_conv2d, modulated_layer
from trainer.ops.upfirdn2d import setup_filter

NoiseMode = Literal["random", "const", "none"]


class SynthesisLayer(PowerIterated):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU.

    Without demodulation the styles include 1/sqrt(fan_in); with spectral normalisation the weight has norm 1.
    """

    resample_filter: Tensor
    noise_const: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        w_dim: int,
        resolution: int,
        up: int,
        clamp: float | None,
        modulation: Modulation,
        demodulate: bool = True,
        spectral_norm: bool = False,
        noise_inputs: bool = True,
        taps: Sequence[float] = BINOMIAL,
    ) -> None:
        super().__init__()
        self.resolution, self.up, self.clamp, self.modulation = resolution, up, clamp, modulation
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.has_noise = noise_inputs
        if noise_inputs:
            self.noise_strength = nn.Parameter(torch.zeros([]))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("resample_filter", setup_filter(taps))
        if noise_inputs:
            self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.affine = FullyConnected(w_dim, inputs, bias_init=1.0)
        self.demodulate = demodulate
        self.style_gain = 1.0 if demodulate or spectral_norm else 1 / math.sqrt(inputs * 9)
        self.weight_norm = SpectralNorm(outputs) if spectral_norm else None

    def forward(
        self,
        x: Float[Tensor, "n i h w"],
        w: Float[Tensor, "n wdim"],
        noise_mode: NoiseMode = "random",
        gain: float = 1.0,
    ) -> Float[Tensor, "n o h2 w2"]:
        clamp = None if self.clamp is None else self.clamp * gain
        gain = ACTIVATIONS["lrelu"].gain * gain
        return modulated_layer(
            x,
            self.weight if self.weight_norm is None else self.weight_norm(self.weight),
            self.affine(w) if self.style_gain == 1 else self.affine(w) * self.style_gain,
            noise=self._noise(x, noise_mode, gain),
            bias=self.bias * gain,
            clamp=clamp,
            up=self.up,
            resample_filter=self.resample_filter,
            demodulate=self.demodulate,
            modulation=self.modulation,
            gain=gain,
        )

    def advance(self) -> None:
        if self.weight_norm is not None:
            self.weight_norm.advance(self.weight)

    def _noise(self, x: Tensor, mode: NoiseMode, gain: float) -> Tensor | None:
        if mode == "none" or not self.has_noise:
            return None
        strength = self.noise_strength * gain
        if mode == "const":
            return self.noise_const * strength
        shape = [x.shape[0], 1, self.resolution, self.resolution]
        return torch.randn(shape, device=x.device, dtype=self.bias.dtype) * strength


class ToRgb(nn.Module):
    """Modulated 1x1 convolution to colours, without demodulation; the styles include 1/sqrt(fan_in)."""

    def __init__(self, inputs: int, outputs: int, w_dim: int, clamp: float | None) -> None:
        super().__init__()
        self.clamp = clamp
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.affine = FullyConnected(w_dim, inputs, bias_init=1.0)
        self.weight_gain = 1 / math.sqrt(inputs)

    def forward(self, x: Float[Tensor, "n i h w"], w: Float[Tensor, "n wdim"]) -> Float[Tensor, "n channels h w"]:
        styles = self.affine(w) * self.weight_gain
        x = modulated_conv2d(x, self.weight, styles, demodulate=False)
        return bias_act(x, self.bias.to(x.dtype), clamp=self.clamp)
