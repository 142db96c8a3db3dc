"""The generator of ProGAN (Karras et al. 2018, Table 2)."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import leaky_relu

from trainer.config.networks.stylegan_progan import ProGanGenerator
from trainer.errors import UserError
from trainer.model.growing.level import enlarge
from trainer.model.growing.progan_layers import HE, LEAK, Layer, Weighted, pixel_norm
from trainer.model.growing.synthesis import GrowingBlock, GrowingGenerator, GrowingSynthesis
from trainer.model.modulated import NoiseMode
from trainer.model.network import GeneratorNetwork, LabelSampler, LatentMapping
from trainer.model.precision import resolutions
from trainer.model.standing_statistics import with_standing_statistics
from trainer.registry import implements

STANDING_PASSES = 100


class ProGanMapping(LatentMapping):
    """z -> ws [n 1 zdim]: z itself, normalised to unit second moment if pixels are normalised."""

    def __init__(self, normalised: bool) -> None:
        super().__init__()
        self.normalised = normalised

    def forward(
        self,
        z: Float[Tensor, "n zdim"],
        c: Float[Tensor, "n cdim"],  # noqa: ARG002
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "n 1 zdim"]:
        if truncation_psi != 1:
            raise UserError("--psi", "this network has no w to truncate", "truncate z: --resample 0.7")
        return (pixel_norm(z) if self.normalised else z)[:, None]


class ProGanBlock(GrowingBlock):
    """Two layers; at 4x4 the first one is dense, with smaller weights, as in the authors' code."""

    styles = 0

    def __init__(self, inputs: int, outputs: int, spec: ProGanGenerator, channels: int, first: bool) -> None:
        super().__init__()
        self.first, self.bounded = first, spec.bounded
        self.leak = 0.0 if spec.rectified else LEAK
        if first:
            self.dense = Weighted(inputs, outputs * 16, None, spec.equalised, gain=HE / 4)
            self.normalised = spec.normalisation == "pixel"
        else:
            self.conv0 = Layer(inputs, outputs, spec.normalisation, spec.equalised, leak=self.leak)
        self.conv1 = Layer(outputs, outputs, spec.normalisation, spec.equalised, leak=self.leak)
        self.torgb = Weighted(outputs, channels, 1, spec.equalised, gain=1.0)

    def features(
        self,
        x: Float[Tensor, "n i h w"] | None,
        ws: Float[Tensor, "n layers wdim"],
        noise_mode: NoiseMode,  # noqa: ARG002
    ) -> Float[Tensor, "n o h2 w2"]:
        x = self._first_features(ws[:, 0]) if x is None else self.conv0(enlarge(x, 2))
        features: Tensor = self.conv1(x)
        return features

    def _first_features(self, z: Float[Tensor, "n zdim"]) -> Float[Tensor, "n o 4 4"]:
        x = leaky_relu(self.dense(z).view(len(z), -1, 4, 4), self.leak)
        return pixel_norm(x) if self.normalised else x

    def colours(
        self,
        x: Float[Tensor, "n o h w"],
        ws: Float[Tensor, "n layers wdim"],  # noqa: ARG002
    ) -> Float[Tensor, "n channels h w"]:
        image: Tensor = self.torgb(x)
        return image.tanh() if self.bounded else image


@implements(ProGanGenerator)
class ProGanGeneratorNetwork(GrowingGenerator):
    """z -> image."""

    def __init__(self, spec: ProGanGenerator, resolution: int, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.spec, self.z_dim, self.condition_dim = spec, spec.z_dim, condition_dim
        self.resolution, self.channels, self.num_ws = resolution, channels, 1
        self.has_batch_norm = spec.normalisation == "batch"
        blocks: list[GrowingBlock] = []
        inputs = spec.z_dim
        for r in resolutions(resolution):
            outputs = spec.width(r, resolution)
            blocks.append(ProGanBlock(inputs, outputs, spec, channels, first=r == 4))
            inputs = outputs
        self.mapping, self.synthesis = ProGanMapping(spec.normalisation == "pixel"), GrowingSynthesis(blocks)

    def presentable(self, labels: LabelSampler) -> GeneratorNetwork:
        return with_standing_statistics(self, labels, STANDING_PASSES) if self.has_batch_norm else self
