"""The choice among network families, and a pair of networks with the format of their images."""

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
    """A pair of networks and the format of their images: what is needed to load a snapshot without its run."""

    generator: AnyGenerator
    discriminator: AnyDiscriminator
    resolution: PositiveInt
    channels: PositiveInt
    condition_dim: Count = 0
