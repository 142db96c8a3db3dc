"""The discriminator of ProGAN (Karras et al. 2018, Table 2), and its variants in the first rows of Table 1."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from trainer.config.networks.stylegan_progan import ProGanDiscriminator
from trainer.model.growing.discriminator import GrowingDiscriminator
from trainer.model.growing.level import shrink
from trainer.model.growing.progan_layers import KERNELS, LEAK, Layer, MinibatchDiscrimination, Weighted
from trainer.model.minibatch_std import minibatch_std
from trainer.model.precision import resolutions
from trainer.registry import implements


class ProGanDiscriminatorBlock(nn.Module):
    """FromRGB, two layers, downsampling by 2."""

    def __init__(self, middle: int, outputs: int, channels: int, spec: ProGanDiscriminator) -> None:
        super().__init__()
        self.fromrgb = Layer(channels, middle, "none", spec.equalised, kernel=1)
        self.conv0 = Layer(middle, middle, spec.normalisation, spec.equalised)
        self.conv1 = Layer(middle, outputs, spec.normalisation, spec.equalised)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        return shrink(self.conv1(self.conv0(x)), 2)


class ProGanEnd(nn.Module):
    """Maps 4x4 features to those of the last hidden layer; here samples of a batch interact."""

    def __init__(self, width: int, channels: int, spec: ProGanDiscriminator) -> None:
        super().__init__()
        self.group = spec.minibatch_std_group if spec.variety == "stddev" else None
        self.fromrgb = Layer(channels, width, "none", spec.equalised, kernel=1)
        self.conv = Layer(width + (self.group is not None), width, spec.normalisation, spec.equalised)
        self.discrimination = MinibatchDiscrimination(width * 16) if spec.variety == "discrimination" else None
        self.fc = Weighted(width * 16 + (KERNELS if self.discrimination else 0), width, None, spec.equalised)

    def forward(self, x: Float[Tensor, "n i 4 4"], parts: int) -> Float[Tensor, "n features"]:
        x = x if self.group is None else minibatch_std(x, self.group, parts=parts)
        flat = self.conv(x).flatten(1)
        return leaky_relu(self.fc(self.discrimination(flat, parts) if self.discrimination else flat), LEAK)


@implements(ProGanDiscriminator)
class ProGanDiscriminatorNetwork(GrowingDiscriminator):
    """image -> logits [n 1]."""

    def __init__(self, spec: ProGanDiscriminator, resolution: int, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.spec, self.condition_dim = spec, condition_dim
        self.resolution, self.channels = resolution, channels
        self.keep_level(resolution)
        for r in reversed(resolutions(resolution)[1:]):
            self.add_module(f"b{r}", ProGanDiscriminatorBlock(spec.width(r), spec.width(r // 2), channels, spec))
        self.b4 = ProGanEnd(spec.width(4), channels, spec)
        self.out = Weighted(spec.width(4), 1, None, spec.equalised, gain=1.0)

    @property
    def features_dim(self) -> int:
        return self.out.weight.shape[1]

    def forward(
        self,
        images: Float[Tensor, "n channels h w"],
        c: Float[Tensor, "n cdim"],  # noqa: ARG002
        force_fp32: bool = False,
        parts: int = 1,
    ) -> Float[Tensor, "n 1"]:
        """Return logits, positive for real."""
        logits: Tensor = self.out(self.features(images, force_fp32, parts))
        return logits

    def from_rgb(self, resolution: int, image: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n i h w"]:
        features: Tensor = self.get_submodule(f"b{resolution}.fromrgb")(image)
        return features

    def halved(self, resolution: int, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        features: Tensor = self.get_submodule(f"b{resolution}")(x)
        return features

    def flat(self, x: Float[Tensor, "n i 4 4"], parts: int) -> Float[Tensor, "n features"]:
        features: Tensor = self.b4(x, parts)
        return features
