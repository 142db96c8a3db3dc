"""The synthesis network g: w -> image (StyleGAN2, Fig. 2 and 7), with architectures orig, skip and resnet."""

import math
from collections.abc import Iterator
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.config.networks.stylegan2 import StyleGan2Generator
from trainer.model.layers import Convolution
from trainer.model.modulated import NoiseMode, SynthesisLayer, ToRgb
from trainer.model.precision import channels_at, reduced_dtype, resolutions
from trainer.ops.upfirdn2d import setup_filter, upsample2d

RESIDUAL_GAIN = math.sqrt(0.5)


class SynthesisBlock(nn.Module):
    """All layers of one resolution. Takes and returns features x and the image so far, either of which may be None."""

    resample_filter: Tensor

    def __init__(
        self,
        spec: StyleGan2Generator,
        inputs: int,
        outputs: int,
        resolution: int,
        channels: int,
        is_last: bool,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.architecture, self.dtype = spec.architecture, dtype
        self.is_first = inputs == 0
        self.has_rgb = is_last or spec.architecture == "skip"
        self.convolutions = 1 if self.is_first else 2
        taps, clamp = spec.resample_taps, spec.precision.conv_clamp
        self.register_buffer("resample_filter", setup_filter(taps))
        layer = partial(
            SynthesisLayer,
            outputs=outputs,
            w_dim=spec.w_dim,
            resolution=resolution,
            clamp=clamp,
            modulation=spec.modulation,
            demodulate=spec.demodulate,
            spectral_norm=spec.spectral_norm,
            noise_inputs=spec.noise_inputs,
        )
        if self.is_first:
            self.const = nn.Parameter(torch.randn(outputs, resolution, resolution))
        else:
            self.conv0 = layer(inputs, up=2, taps=taps)
        self.conv1 = layer(outputs, up=1)
        if self.has_rgb:
            self.torgb = ToRgb(outputs, channels, spec.w_dim, clamp)
        if not self.is_first and spec.architecture == "resnet":
            self.skip = Convolution(inputs, outputs, 1, bias=False, up=2, taps=taps)

    def forward(
        self,
        x: Float[Tensor, "n i h w"] | None,
        image: Float[Tensor, "n channels h w"] | None,
        ws: Float[Tensor, "n layers wdim"],
        noise_mode: NoiseMode = "random",
        force_fp32: bool = False,
    ) -> tuple[Float[Tensor, "n o h2 w2"], Float[Tensor, "n channels h2 w2"] | None]:
        dtype = ws.dtype if force_fp32 or self.dtype is None else self.dtype
        styles = iter(ws.unbind(dim=1))
        x = self._features(x, dtype, styles, noise_mode)
        if image is not None:
            image = upsample2d(image, self.resample_filter)
        if self.has_rgb:
            colours = self.torgb(x, next(styles)).to(ws.dtype)
            image = colours if image is None else image + colours
        return x, image

    def _features(
        self, x: Tensor | None, dtype: torch.dtype, styles: Iterator[Tensor], noise_mode: NoiseMode
    ) -> Tensor:
        if x is None:
            w = next(styles)
            first: Tensor = self.conv1(self.const.to(dtype).expand(len(w), -1, -1, -1), w, noise_mode)
            return first
        x = x.to(dtype)
        is_resnet = self.architecture == "resnet"
        y: Tensor = self.conv0(x, next(styles), noise_mode)
        y = self.conv1(y, next(styles), noise_mode, RESIDUAL_GAIN if is_resnet else 1.0)
        return y + self.skip(x, gain=RESIDUAL_GAIN) if is_resnet else y


class Synthesis(nn.Module):
    """Blocks b4, b8, ... up to the resolution. Each block's ToRGB shares the first w of the block after it."""

    def __init__(self, spec: StyleGan2Generator, resolution: int, channels: int) -> None:
        super().__init__()
        self.resolutions = resolutions(resolution)
        inputs = 0
        for r in self.resolutions:
            outputs = channels_at(r, spec.channel_base, spec.channel_max)
            dtype = reduced_dtype(spec.precision, r, resolution)
            block = SynthesisBlock(spec, inputs, outputs, r, channels, r == resolution, dtype)
            self.add_module(f"b{r}", block)
            inputs = outputs
        self.num_ws = sum(block.convolutions for block in self.blocks()) + 1

    def blocks(self) -> list[SynthesisBlock]:
        """Return the blocks from 4x4 upwards."""
        return [block for block in self.children() if isinstance(block, SynthesisBlock)]

    def forward(
        self, ws: Float[Tensor, "n layers wdim"], noise_mode: NoiseMode = "random", force_fp32: bool = False
    ) -> Float[Tensor, "n channels h w"]:
        """Return images of approximately [-1, 1], in the type of ws."""
        x: Tensor | None = None
        image: Tensor | None = None
        first = 0
        for block in self.blocks():
            x, image = block(x, image, ws[:, first : first + block.convolutions + 1], noise_mode, force_fp32)
            first += block.convolutions
        assert image is not None, "the last block has ToRGB"
        return image
