"""The networks of BigGAN as settings (Brock et al. 2019, "Large scale GAN training", App. B).

With labels they are class-conditional: a shared embedding enters every batch normalisation of the generator, and the
discriminator projects onto an embedding of its own. Without labels the batch normalisations depend on z alone
(self-modulation): the unconditional variant of Schoenfeld et al. 2020, which the ADA paper compares with.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from trainer.config.networks.stylegan2 import DiscriminatorSpec, GeneratorSpec
from trainer.config.spec import Positive, PositiveInt, Width, is_on

GENERATOR_WIDTHS: Mapping[int, tuple[int, ...]] = {
    8: (4, 4),
    16: (4, 4, 4),
    32: (4, 4, 4, 4),
    64: (16, 16, 8, 4, 2),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}
"""Feature maps at 4x4, 8x8, ..., in units of `channels`, by image resolution (8 and 16 pixels are our additions)."""


def is_of_micro_batch(value: object) -> bool:
    """Return whether statistics have the earlier extent, excluded from dumps to keep earlier trial ids."""
    return value == "micro-batch"


class DiscriminatorShape(NamedTuple):
    """Feature maps after every block, starting at the image, and how many blocks halve the resolution."""

    widths: tuple[int, ...]
    halvings: int


DISCRIMINATOR_SHAPES: Mapping[int, DiscriminatorShape] = {
    8: DiscriminatorShape((4, 4), 1),
    16: DiscriminatorShape((4, 4, 4), 2),
    32: DiscriminatorShape((4, 4, 4, 4), 2),
    64: DiscriminatorShape((1, 2, 4, 8, 16), 4),
    128: DiscriminatorShape((1, 2, 4, 8, 16, 16), 5),
    256: DiscriminatorShape((1, 2, 4, 8, 8, 16, 16), 6),
    512: DiscriminatorShape((1, 1, 2, 4, 8, 8, 16, 16), 7),
}


class BigGanGenerator(GeneratorSpec):
    """Residual blocks with conditional batch normalisation and spectrally normalised weights.

    `shared` embeds the class once for all normalisations; if off, each has a gain and a shift for every class, and z
    enters the first layer alone. `hierarchical` gives every block its own part of z, z_dim / (blocks + 1) rounded down.
    `attention` is the resolution of the self-attention layer. Images are generated with batch statistics averaged over
    `standing_passes`. `statistics: batch` normalises by the statistics of the whole batch; it needs a device for each
    micro-batch.
    """

    module: ClassVar[str] = "trainer.model.biggan.generator"
    type: Literal["biggan"] = "biggan"
    z_dim: Width = 128
    channels: Width = 96
    embedding_dim: Width = 128
    shared: Annotated[bool, Field(exclude_if=is_on)] = True
    hierarchical: bool = True
    attention: PositiveInt | None = 64
    initialisation: Literal["orthogonal", "normal"] = "orthogonal"
    spectral_epsilon: Positive = 1e-6
    norm_epsilon: Positive = 1e-5
    standing_passes: PositiveInt = 100
    statistics: Annotated[Literal["micro-batch", "batch"], Field(exclude_if=is_of_micro_batch)] = "micro-batch"

    @property
    def joins_micro_batches(self) -> bool:
        return self.statistics == "batch"

    @model_validator(mode="after")
    def _parts_of_z_join_a_shared_embedding(self) -> Self:
        if self.hierarchical and not self.shared:
            raise ValueError("shared: false needs hierarchical: false: parts of z are joined to the shared embedding")
        return self

    def width(self, size: int, resolution: int) -> int:
        return self.channels * GENERATOR_WIDTHS[resolution][size.bit_length() - 3]


class BigGanDiscriminator(DiscriminatorSpec):
    """Residual blocks with spectrally normalised weights, features summed over the image, class projection."""

    module: ClassVar[str] = "trainer.model.biggan.discriminator"
    type: Literal["biggan"] = "biggan"
    channels: Width = 96
    attention: PositiveInt | None = 64
    initialisation: Literal["orthogonal", "normal"] = "orthogonal"
    spectral_epsilon: Positive = 1e-6
