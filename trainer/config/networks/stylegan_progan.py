"""Settings of networks that can grow during training: those of StyleGAN and ProGAN.

[1] Karras et al. 2018, "Progressive growing of GANs for improved quality, stability, and variation"
[2] Karras et al. 2019, "A style-based generator architecture for GANs"
[3] Karras et al. 2020b, "Analyzing and improving the image quality of StyleGAN", Table 1, configurations A to D

Without the method `progressive-growing` they train at the full resolution from the start. Channels at resolution
r: min(channel_base / r, channel_max).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.config.networks.stylegan2 import DiscriminatorSpec, GeneratorSpec
from trainer.config.spec import Depth, PositiveInt, Width, is_off


class StyleGanGenerator(GeneratorSpec):
    """Mapping network and one colour output at every resolution [2].

    `style` is adaptive instance normalisation (configuration A of [3]) or weight demodulation (B to D).
    """

    module: ClassVar[str] = "trainer.model.growing.stylegan"
    maps: ClassVar[bool] = True
    grows: ClassVar[bool] = True
    type: Literal["stylegan"] = "stylegan"
    style: Literal["adain", "demodulation"] = "adain"
    w_dim: Width = 512
    mapping_layers: Depth = 8
    channel_base: Width = 16384
    channel_max: Width = 512

    def width(self, size: int, resolution: int) -> int:  # noqa: ARG002
        return max(min(self.channel_base // size, self.channel_max), 1)


class StyleGanDiscriminator(DiscriminatorSpec):
    """Two convolutions at every resolution, no skips, one colour input at every resolution [1, 2]."""

    module: ClassVar[str] = "trainer.model.growing.stylegan"
    grows: ClassVar[bool] = True
    has_style_layers: ClassVar[bool] = True
    type: Literal["stylegan"] = "stylegan"
    mapping_layers: Depth = 8
    channel_base: Width = 16384
    channel_max: Width = 512
    minibatch_std_group: PositiveInt = 4

    @property
    def group(self) -> int:
        return self.minibatch_std_group


class ProGanGenerator(GeneratorSpec):
    """Latents to images without a mapping network [1].

    `normalisation` is per pixel, batch normalisation (as before [1]), or none; without `equalised`, weights are
    initialised at the scale they are used in, without a runtime factor. Both are rows of Table 1 of [1]. `rectified`
    layers use ReLU in place of leaky ReLU; `bounded` images pass tanh.
    """

    module: ClassVar[str] = "trainer.model.growing.progan_generator"
    grows: ClassVar[bool] = True
    type: Literal["progan"] = "progan"
    channel_base: Width = 16384
    channel_max: Width = 512
    normalisation: Literal["pixel", "batch", "none"] = "pixel"
    equalised: bool = True
    rectified: Annotated[bool, Field(exclude_if=is_off)] = False
    bounded: Annotated[bool, Field(exclude_if=is_off)] = False

    def width(self, size: int, resolution: int) -> int:  # noqa: ARG002
        return max(min(self.channel_base // size, self.channel_max), 1)


class ProGanDiscriminator(DiscriminatorSpec):
    """The mirrored architecture of the generator [1].

    `variety` selects minibatch standard deviation, minibatch discrimination (Salimans et al. 2016), or neither.
    Layer `normalisation` is that of the critic of Gulrajani et al. 2017, in the first rows of Table 1.
    """

    module: ClassVar[str] = "trainer.model.growing.progan_discriminator"
    grows: ClassVar[bool] = True
    type: Literal["progan"] = "progan"
    channel_base: Width = 16384
    channel_max: Width = 512
    normalisation: Literal["none", "layer"] = "none"
    equalised: bool = True
    variety: Literal["stddev", "discrimination", "none"] = "stddev"
    minibatch_std_group: PositiveInt = 4

    @property
    def group(self) -> int:
        return self.minibatch_std_group if self.variety == "stddev" else 1

    def width(self, size: int) -> int:
        """Return the number of feature maps at `size` pixels a side."""
        return max(min(self.channel_base // size, self.channel_max), 1)
