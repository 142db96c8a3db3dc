"""The discriminator of BigGAN (Brock et al. 2019, App. B): residual blocks, sums over pixels, projection."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu

from trainer.config.networks.biggan import DISCRIMINATOR_SHAPES, BigGanDiscriminator
from trainer.model.biggan.layers import Attention, Drawing, Normalised
from trainer.model.growing.level import shrink
from trainer.model.network import DiscriminatorNetwork
from trainer.registry import implements


class BigGanDiscriminatorBlock(nn.Module):
    """Residual block, optionally downsampling by 2. All but the first one begin with a ReLU."""

    def __init__(self, drawing: Drawing, inputs: int, outputs: int, halves: bool, first: bool) -> None:
        super().__init__()
        self.factor, self.first = 2 if halves else 1, first
        self.conv0 = Normalised(drawing, outputs, inputs, 3, 3)
        self.conv1 = Normalised(drawing, outputs, outputs, 3, 3)
        self.skip = Normalised(drawing, outputs, inputs, 1, 1) if inputs != outputs or halves else None

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        y = self.conv0(x if self.first else relu(x))
        y = shrink(self.conv1(relu(y)), self.factor)
        shortcut = shrink(x, self.factor)
        return y + (shortcut if self.skip is None else self.skip(shortcut))


@implements(BigGanDiscriminator)
class BigGanDiscriminatorNetwork(DiscriminatorNetwork):
    """image, c -> logits [n 1]."""

    def __init__(self, spec: BigGanDiscriminator, resolution: int, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.spec, self.condition_dim = spec, condition_dim
        self.resolution, self.channels = resolution, channels
        drawing = Drawing(spec.initialisation, spec.spectral_epsilon)
        shape, inputs, size = DISCRIMINATOR_SHAPES[resolution], channels, resolution
        self.layers = nn.Sequential()
        for index, width in enumerate(shape.widths):
            halves = index < shape.halvings
            size //= 2 if halves else 1
            self.layers.append(
                BigGanDiscriminatorBlock(drawing, inputs, width * spec.channels, halves, first=index == 0)
            )
            inputs = width * spec.channels
            if halves and size == spec.attention:
                self.layers.append(Attention(drawing, inputs))
        self.out = Normalised(drawing, 1, inputs)
        if condition_dim:
            self.embedding = Normalised(drawing, inputs, condition_dim, bias=False)

    @property
    def features_dim(self) -> int:
        return self.out.weight.shape[1]

    def forward(
        self,
        images: Float[Tensor, "n channels h w"],
        c: Float[Tensor, "n cdim"],
        force_fp32: bool = False,
        parts: int = 1,
    ) -> Float[Tensor, "n 1"]:
        """Return logits, positive for real."""
        features = self.features(images, force_fp32, parts)
        logits: Tensor = self.out(features)
        if not self.condition_dim:
            return logits
        projected: Tensor = (features * self.embedding(c)).sum(dim=1, keepdim=True)
        return logits + projected

    def features(
        self,
        images: Float[Tensor, "n channels h w"],
        force_fp32: bool = False,  # noqa: ARG002
        parts: int = 1,  # noqa: ARG002
    ) -> Float[Tensor, "n features"]:
        """Return the sums over pixels of the last block; samples are independent."""
        features: Tensor = relu(self.layers(images)).sum(dim=(2, 3))
        return features
