"""The layers of StyleGAN (Karras et al. 2019, Fig. 1b): convolution, noise, activation, AdaIN."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.model.growing.synthesis import GrowingBlock
from trainer.model.layers import Convolution, FullyConnected
from trainer.model.modulated import NoiseMode
from trainer.ops.bias_act import bias_act

EPSILON = 1e-8


def adain(x: Float[Tensor, "n c h w"], style: Float[Tensor, "n two_c"]) -> Float[Tensor, "n c h w"]:
    """Return (1 + y_s) (x - mean) / std + y_b, statistics over the pixels of each map, style = [y_s y_b] (Eq. 1)."""
    centred = x - x.mean(dim=(2, 3), keepdim=True)
    normal = centred * (centred.square().mean(dim=(2, 3), keepdim=True) + EPSILON).rsqrt()
    scale, shift = style[:, :, None, None].chunk(2, dim=1)
    return normal * (scale + 1) + shift


class Epilogue(nn.Module):
    """Noise with per-channel strength, bias, leaky ReLU, and adaptive instance normalisation."""

    noise_const: Tensor

    def __init__(self, channels: int, w_dim: int, resolution: int) -> None:
        super().__init__()
        self.noise_strength = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.affine = FullyConnected(w_dim, 2 * channels)

    def forward(
        self, x: Float[Tensor, "n c h w"], w: Float[Tensor, "n wdim"], noise_mode: NoiseMode
    ) -> Float[Tensor, "n c h w"]:
        if noise_mode != "none":
            noise = self.noise_const if noise_mode == "const" else torch.randn_like(x[:, :1])
            x = x + noise * self.noise_strength[:, None, None]
        return adain(bias_act(x, self.bias, activation="lrelu"), self.affine(w))


class AdaInBlock(GrowingBlock):
    """Two layers; at 4x4 the first one is the learned constant."""

    styles = 2

    def __init__(self, inputs: int, outputs: int, w_dim: int, resolution: int, channels: int) -> None:
        super().__init__()
        if inputs:
            self.conv0 = Convolution(inputs, outputs, 3, bias=False, up=2)
        else:
            self.const = nn.Parameter(torch.ones(1, outputs, resolution, resolution))
        self.epilogue0 = Epilogue(outputs, w_dim, resolution)
        self.conv1 = Convolution(outputs, outputs, 3, bias=False)
        self.epilogue1 = Epilogue(outputs, w_dim, resolution)
        self.torgb = Convolution(outputs, channels, 1)

    def features(
        self, x: Float[Tensor, "n i h w"] | None, ws: Float[Tensor, "n layers wdim"], noise_mode: NoiseMode
    ) -> Float[Tensor, "n o h2 w2"]:
        x = self.const.expand(len(ws), -1, -1, -1) if x is None else self.conv0(x)
        x = self.epilogue0(x, ws[:, 0], noise_mode)
        styled: Tensor = self.epilogue1(self.conv1(x), ws[:, 1], noise_mode)
        return styled

    def colours(
        self,
        x: Float[Tensor, "n o h w"],
        ws: Float[Tensor, "n layers wdim"],  # noqa: ARG002
    ) -> Float[Tensor, "n channels h w"]:
        image: Tensor = self.torgb(x)
        return image
