"""The two networks as settings (Karras et al. 2020b, "Analyzing and improving the image quality of StyleGAN")."""

from typing import ClassVar, Literal

from trainer.config.spec import Count, Positive, PositiveInt, Settings, Spec

Architecture = Literal["orig", "skip", "resnet"]


class Precision(Settings):
    """Arithmetic of the convolutions in the `top_resolutions` highest resolutions; the rest is always float32.

    With bf16, R1 and path length stay float32 all the same: their bf16 gradients are wrong by a third.
    """

    dtype: Literal["fp32", "fp16", "bf16"] = "fp32"
    top_resolutions: Count = 0
    conv_clamp: Positive | None = None


class StyleGan2Generator(Spec):
    """Mapping and synthesis network. Channels at resolution r: min(channel_base / r, channel_max)."""

    module: ClassVar[str] = "trainer.model.generator"
    type: Literal["stylegan2"] = "stylegan2"
    architecture: Architecture = "skip"
    z_dim: PositiveInt = 512
    w_dim: PositiveInt = 512
    mapping_layers: PositiveInt = 8
    normalize_label: bool = True
    channel_base: PositiveInt = 32768
    channel_max: PositiveInt = 512
    precision: Precision = Precision()
    modulation: Literal["activations", "per-sample"] = "activations"


class StyleGan2Discriminator(Spec):
    """Discriminator with minibatch standard deviation; `capacity` multiplies channel base and maximum (ADA Fig. 8b)."""

    module: ClassVar[str] = "trainer.model.discriminator"
    type: Literal["stylegan2"] = "stylegan2"
    architecture: Architecture = "resnet"
    mapping_layers: PositiveInt = 8
    channel_base: PositiveInt = 32768
    channel_max: PositiveInt = 512
    capacity: Positive = 1.0
    minibatch_std_group: PositiveInt = 4
    frozen_layers: Count = 0
    precision: Precision = Precision()

    def freezable_layers(self, resolution: int) -> int:
        """Return how many layers lie before the 4x4 block: conv0, conv1, skip of each resolution, and its FromRGB."""
        blocks = resolution.bit_length() - 3
        if self.architecture == "skip":
            return 3 * blocks
        return blocks and 1 + blocks * (3 if self.architecture == "resnet" else 2)


class Networks(Settings):
    """A pair of networks and the images they are for: what a snapshot needs to be read without its run."""

    generator: StyleGan2Generator
    discriminator: StyleGan2Discriminator
    resolution: PositiveInt
    channels: PositiveInt
    condition_dim: Count = 0
