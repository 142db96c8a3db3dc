"""The growing networks of StyleGAN: StyleGAN2's configurations A (AdaIN) and B to D (weight demodulation).

[1] Karras et al. 2019, "A style-based generator architecture for GANs"
[2] Karras et al. 2020b, "Analyzing and improving the image quality of StyleGAN", Sec. 2 and Table 1
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.config.networks.stylegan_progan import StyleGanDiscriminator, StyleGanGenerator
from trainer.model.discriminator import DiscriminatorBlock, DiscriminatorEpilogue
from trainer.model.growing.adain import AdaInBlock
from trainer.model.growing.discriminator import GrowingDiscriminator
from trainer.model.growing.synthesis import GrowingBlock, GrowingGenerator, GrowingSynthesis
from trainer.model.mapping import Mapping
from trainer.model.modulated import NoiseMode, SynthesisLayer, ToRgb
from trainer.model.precision import channels_at, resolutions
from trainer.registry import implements


class DemodulatedBlock(GrowingBlock):
    """One or two modulated convolutions and a ToRGB [2, Fig. 2d]."""

    def __init__(self, inputs: int, outputs: int, w_dim: int, resolution: int, channels: int) -> None:
        super().__init__()
        self.styles = 2 if inputs else 1
        if inputs:
            self.conv0 = SynthesisLayer(inputs, outputs, w_dim, resolution, 2, None, "activations")
        else:
            self.const = nn.Parameter(torch.randn(1, outputs, resolution, resolution))
        self.conv1 = SynthesisLayer(outputs, outputs, w_dim, resolution, 1, None, "activations")
        self.torgb = ToRgb(outputs, channels, w_dim, None)

    def features(
        self, x: Float[Tensor, "n i h w"] | None, ws: Float[Tensor, "n layers wdim"], noise_mode: NoiseMode
    ) -> Float[Tensor, "n o h2 w2"]:
        x = self.const.expand(len(ws), -1, -1, -1) if x is None else self.conv0(x, ws[:, 0], noise_mode)
        styled: Tensor = self.conv1(x, ws[:, self.styles - 1], noise_mode)
        return styled

    def colours(
        self, x: Float[Tensor, "n o h w"], ws: Float[Tensor, "n layers wdim"]
    ) -> Float[Tensor, "n channels h w"]:
        image: Tensor = self.torgb(x, ws[:, 0])
        return image


@implements(StyleGanGenerator)
class StyleGanGeneratorNetwork(GrowingGenerator):
    """z, c -> w -> image."""

    mapping: Mapping

    def __init__(self, spec: StyleGanGenerator, resolution: int, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.spec, self.z_dim, self.condition_dim = spec, spec.z_dim, condition_dim
        self.resolution, self.channels = resolution, channels
        block_of = AdaInBlock if spec.style == "adain" else DemodulatedBlock
        blocks: list[GrowingBlock] = []
        inputs = 0
        for r in resolutions(resolution):
            outputs = spec.width(r, resolution)
            blocks.append(block_of(inputs, outputs, spec.w_dim, r, channels))
            inputs = outputs
        self.synthesis = GrowingSynthesis(blocks)
        self.num_ws = 2 * len(blocks)
        self.mapping = Mapping(spec.z_dim, condition_dim, spec.w_dim, spec.mapping_layers, self.num_ws)

    @property
    def active_ws(self) -> int:
        return 2 * len(self.synthesis.blocks(self.stage.top))


@implements(StyleGanDiscriminator)
class StyleGanDiscriminatorNetwork(GrowingDiscriminator):
    """image, c -> logits: StyleGAN2's blocks without skips, each with FromRGB."""

    def __init__(self, spec: StyleGanDiscriminator, resolution: int, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.spec, self.condition_dim = spec, condition_dim
        self.resolution, self.channels = resolution, channels
        self.keep_level(resolution)
        width = {r: channels_at(r, spec.channel_base, spec.channel_max) for r in resolutions(resolution)}
        for r in reversed(resolutions(resolution)[1:]):
            self.add_module(
                f"b{r}", DiscriminatorBlock(0, width[r], width[r // 2], channels, "orig", None, None, frozen=0)
            )
        if condition_dim:
            self.mapping = Mapping(0, condition_dim, width[4], spec.mapping_layers, num_ws=None)
        embedding = width[4] if condition_dim else 0
        self.b4 = DiscriminatorEpilogue(width[4], embedding, channels, True, None, spec.minibatch_std_group)

    @property
    def features_dim(self) -> int:
        return int(self.b4.features_dim)

    def forward(
        self,
        images: Float[Tensor, "n channels h w"],
        c: Float[Tensor, "n cdim"],
        force_fp32: bool = False,
        parts: int = 1,
    ) -> Float[Tensor, "n 1"]:
        """Return logits, positive for real."""
        features = self.features(images, force_fp32, parts)
        logits: Tensor = self.b4(features, self.mapping(None, c) if self.condition_dim else None)
        return logits

    def from_rgb(self, resolution: int, image: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n i h w"]:
        features: Tensor = self.get_submodule(f"b{resolution}.fromrgb")(image)
        return features

    def halved(self, resolution: int, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        features: Tensor = self.get_submodule(f"b{resolution}")(x, None)[0]
        return features

    def flat(self, x: Float[Tensor, "n i 4 4"], parts: int) -> Float[Tensor, "n features"]:
        return self.b4.features(x, None, parts)
