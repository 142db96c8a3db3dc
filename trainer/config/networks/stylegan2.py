"""Base classes of network specs, and the settings of StyleGAN2's two networks.

Karras et al. 2020b, "Analyzing and improving the image quality of StyleGAN". Other families are in `stylegan_progan.py`
and `biggan.py`; `choice.py` has the choice among them.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from trainer.config.spec import Count, Depth, Positive, PositiveInt, Settings, Spec, Width, is_off, is_on, is_one

Architecture = Literal["orig", "skip", "resnet"]

BINOMIAL = (1.0, 3.0, 3.0, 1.0)


def is_binomial(value: object) -> bool:
    """Return whether taps are the default [1 3 3 1], excluded from dumps to keep earlier trial ids."""
    return value == BINOMIAL


def _with_nonzero_sum(taps: tuple[float, ...]) -> tuple[float, ...]:
    if not sum(taps):
        raise ValueError("the taps of a filter must not add up to 0")
    return taps


FilterTaps = Annotated[
    tuple[FiniteFloat, ...], Field(min_length=1, exclude_if=is_binomial), AfterValidator(_with_nonzero_sum)
]
"""The resampling filter along both axes, up to a factor."""


class Precision(Settings):
    """Arithmetic of the convolutions in the `top_resolutions` highest resolutions; the rest is always float32.

    With bf16, R1 and path length are still computed in float32: their bf16 gradients are off by a third.
    """

    dtype: Literal["fp32", "fp16", "bf16"] = "fp32"
    top_resolutions: Count = 0
    conv_clamp: Positive | None = None


class GeneratorSpec(Spec):
    """A family of generators. `maps`: it has a w, as styles and path lengths need. `grows`: it can grow in training."""

    maps: ClassVar[bool] = False
    grows: ClassVar[bool] = False
    z_dim: Width = 512

    @property
    def arithmetic(self) -> Precision:
        """Return the precision of the convolutions."""
        return Precision()

    @property
    def joins_micro_batches(self) -> bool:
        """Return whether it normalises by all micro-batches of an iteration, which then must run side by side."""
        return False

    def width(self, size: int, resolution: int) -> int:
        """Return the number of feature maps of `size` pixels a side, in a generator of images of `resolution`."""
        raise NotImplementedError


class DiscriminatorSpec(Spec):
    """A family of discriminators. `has_style_layers`: it has StyleGAN's layers, which some methods extend."""

    grows: ClassVar[bool] = False
    has_style_layers: ClassVar[bool] = False

    @property
    def arithmetic(self) -> Precision:
        """Return the precision of the convolutions."""
        return Precision()

    @property
    def group(self) -> int | None:
        """Return the size of the groups of a micro-batch that are scored together; None: the whole micro-batch."""
        return 1


class StyleGan2Generator(GeneratorSpec):
    """Mapping and synthesis network. Channels at resolution r: min(channel_base / r, channel_max).

    Disabling `demodulate` and enabling `spectral_norm` (of the 3x3 convolutions) are variants of StyleGAN2's Table 4;
    `noise_inputs` controls the noise that every 3x3 convolution adds.
    """

    maps: ClassVar[bool] = True

    module: ClassVar[str] = "trainer.model.generator"
    type: Literal["stylegan2"] = "stylegan2"
    architecture: Architecture = "skip"
    z_dim: Width = 512
    w_dim: Width = 512
    mapping_layers: Depth = 8
    normalize_label: bool = True
    channel_base: Width = 32768
    channel_max: Width = 512
    precision: Precision = Precision()
    modulation: Literal["activations", "per-sample"] = "activations"
    demodulate: Annotated[bool, Field(exclude_if=is_on)] = True
    spectral_norm: Annotated[bool, Field(exclude_if=is_off)] = False
    noise_inputs: Annotated[bool, Field(exclude_if=is_on)] = True
    resample_taps: FilterTaps = BINOMIAL

    @property
    def arithmetic(self) -> Precision:
        return self.precision

    def width(self, size: int, resolution: int) -> int:  # noqa: ARG002
        return max(min(self.channel_base // size, self.channel_max), 1)


class StyleGan2Discriminator(DiscriminatorSpec):
    """Discriminator with minibatch standard deviation; `capacity` multiplies channel base and maximum (ADA Fig. 8b).

    `minibatch_std_group` null makes one group of the whole micro-batch; `minibatch_std_channels` is the number of
    feature maps that the standard deviation adds at 4x4, 0 for a discriminator that scores every image independently.
    `embedding_dim` is the width of the embedded condition, by default the number of feature maps at 4x4.
    """

    module: ClassVar[str] = "trainer.model.discriminator"
    has_style_layers: ClassVar[bool] = True
    type: Literal["stylegan2"] = "stylegan2"
    architecture: Architecture = "resnet"
    mapping_layers: Depth = 8
    channel_base: Width = 32768
    channel_max: Width = 512
    capacity: Annotated[Positive, Field(le=1024)] = 1.0
    minibatch_std_group: PositiveInt | None = 4
    minibatch_std_channels: Annotated[Count, Field(exclude_if=is_one)] = 1
    embedding_dim: Annotated[Width | None, Field(exclude_if=is_off)] = None
    resample_taps: FilterTaps = BINOMIAL
    frozen_layers: Count = 0
    precision: Precision = Precision()

    @property
    def arithmetic(self) -> Precision:
        return self.precision

    @property
    def group(self) -> int | None:
        return self.minibatch_std_group if self.minibatch_std_channels else 1

    def width(self, size: int) -> int:
        """Return the number of feature maps at `size` pixels a side: min(base / size, maximum), at least 1."""
        base, most = int(self.channel_base * self.capacity), int(self.channel_max * self.capacity)
        return max(min(base // size, most), 1)

    @model_validator(mode="after")
    def _minibatch_std_divides_features(self) -> Self:
        maps, width = self.minibatch_std_channels, self.width(4)
        if maps and width % maps:
            raise ValueError(f"minibatch_std_channels {maps} does not divide the {width} feature maps at 4x4")
        return self

    def freezable_layers(self, resolution: int) -> int:
        """Return the number of layers before the 4x4 block: conv0, conv1 and skip of each resolution, and FromRGB."""
        blocks = resolution.bit_length() - 3
        if self.architecture == "skip":
            return 3 * blocks
        return blocks and 1 + blocks * (3 if self.architecture == "resnet" else 2)
