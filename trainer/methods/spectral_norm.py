"""Spectral normalisation of the discriminator (Miyato et al. 2018).

It is applied after the equalised learning rate to the 3x3 convolutions; FromRGB, 1x1 skips and dense layers are
unchanged. The vector u advances by one power iteration per Dmain.
"""

from trainer.config.methods import SpectralNormalisation
from trainer.model.layers import Convolution
from trainer.model.network import DiscriminatorNetwork, GeneratorNetwork
from trainer.model.spectral import SpectralNorm
from trainer.objectives.method import Method
from trainer.objectives.phases import SumOverRanks
from trainer.registry import implements

NORMALISED = ("conv0", "conv1", "conv")


@implements(SpectralNormalisation)
class SpectrallyNormal(Method):
    """Normalises conv0 and conv1 of every block and the 4x4 convolution."""

    def __init__(self, spec: SpectralNormalisation) -> None:
        self.spec = spec
        self.layers: list[tuple[Convolution, SpectralNorm]] = []

    def prepare(self, generator: GeneratorNetwork, discriminator: DiscriminatorNetwork) -> None:  # noqa: ARG002
        for name, layer in list(discriminator.named_modules()):
            if isinstance(layer, Convolution) and name.rpartition(".")[2] in NORMALISED:
                layer.weight_norm = norm = SpectralNorm(layer.weight.shape[0])
                self.layers.append((layer, norm))

    def finish(self, sum_over_ranks: SumOverRanks) -> None:  # noqa: ARG002
        for layer, norm in self.layers:
            norm.advance(layer.weight.detach())
