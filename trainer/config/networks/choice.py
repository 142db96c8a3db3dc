"""The choice among families of networks, and a pair of them with the images they are for."""

from typing import Annotated

from pydantic import Field

from trainer.config.networks.biggan import BigGanDiscriminator, BigGanGenerator
from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.config.networks.stylegan_progan import (
    ProGanDiscriminator,
    ProGanGenerator,
    StyleGanDiscriminator,
    StyleGanGenerator,
)
from trainer.config.spec import Count, PositiveInt, Settings

AnyGenerator = Annotated[
    StyleGan2Generator | StyleGanGenerator | ProGanGenerator | BigGanGenerator, Field(discriminator="type")
]
AnyDiscriminator = Annotated[
    StyleGan2Discriminator | StyleGanDiscriminator | ProGanDiscriminator | BigGanDiscriminator,
    Field(discriminator="type"),
]


class Networks(Settings):
    """A pair of networks and the images they are for: what a snapshot needs to be read without its run."""

    generator: AnyGenerator
    discriminator: AnyDiscriminator
    resolution: PositiveInt
    channels: PositiveInt
    condition_dim: Count = 0
