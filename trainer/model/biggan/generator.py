"""The generator of BigGAN (Brock et al. 2019, App. B, Fig. 15 and Tables 4 to 9)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu

from trainer.config.networks.biggan import BigGanGenerator
from trainer.errors import UserError
from trainer.model.biggan.layers import Attention, ClassNorm, ConditionalNorm, Drawing, Normalised
from trainer.model.growing.level import enlarge
from trainer.model.modulated import NoiseMode
from trainer.model.network import GeneratorNetwork, LabelSampler, LatentMapping
from trainer.model.precision import resolutions
from trainer.model.standing_statistics import StandingNorm, with_standing_statistics
from trainer.registry import implements


class BigGanMapping(LatentMapping):
    """z, c -> ws: each layer's part of z (all of z if not hierarchical), and the class.

    The class is a shared embedding, or c itself if every normalisation has its own gains and shifts.
    """

    def __init__(self, spec: BigGanGenerator, layers: int, condition_dim: int) -> None:
        super().__init__()
        self.layers, self.hierarchical, self.condition_dim = layers, spec.hierarchical, condition_dim
        self.part_dim = spec.z_dim // layers if spec.hierarchical else spec.z_dim
        if condition_dim and spec.shared:
            self.embedding = nn.Parameter(Drawing(spec.initialisation, 0).weight(condition_dim, spec.embedding_dim))
        self.class_dim = condition_dim and (spec.embedding_dim if spec.shared else condition_dim)
        self.w_dim = self.part_dim + self.class_dim

    def forward(
        self,
        z: Float[Tensor, "n zdim"],
        c: Float[Tensor, "n cdim"],
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "n layers wdim"]:
        if truncation_psi != 1:
            raise UserError("--psi", "this network has no w to truncate", "truncate z: --resample 0.7")
        ws = z[:, None].expand(-1, self.layers, -1)
        if self.hierarchical:
            ws = z[:, : self.layers * self.part_dim].view(len(z), self.layers, self.part_dim)
        if not self.condition_dim:
            return ws
        classes = c @ self.embedding if hasattr(self, "embedding") else c
        return torch.cat([ws, classes[:, None].expand(-1, self.layers, -1)], dim=2)


class BigGanGeneratorBlock(nn.Module):
    """Residual block, upsampling by 2."""

    def __init__(
        self,
        drawing: Drawing,
        inputs: int,
        outputs: int,
        norm: type[ConditionalNorm] | type[ClassNorm],
        condition_dim: int,
        epsilon: float,
    ) -> None:
        super().__init__()
        self.norm0 = norm(drawing, inputs, condition_dim, epsilon)
        self.conv0 = Normalised(drawing, outputs, inputs, 3, 3)
        self.norm1 = norm(drawing, outputs, condition_dim, epsilon)
        self.conv1 = Normalised(drawing, outputs, outputs, 3, 3)
        self.skip = Normalised(drawing, outputs, inputs, 1, 1)

    def forward(self, x: Float[Tensor, "n i h w"], w: Float[Tensor, "n wdim"]) -> Float[Tensor, "n o h2 w2"]:
        y = self.conv0(enlarge(relu(self.norm0(x, w)), 2))
        y = self.conv1(relu(self.norm1(y, w)))
        block: Tensor = y + self.skip(enlarge(x, 2))
        return block


class BigGanSynthesis(nn.Module):
    """ws -> image in [-1, 1]. The first vector makes the 4x4 features, each of the others modulates a block."""

    def __init__(self, spec: BigGanGenerator, resolution: int, channels: int, mapping: BigGanMapping) -> None:
        super().__init__()
        drawing = Drawing(spec.initialisation, spec.spectral_epsilon)
        self.part_dim = part_dim = mapping.part_dim
        by_class = bool(mapping.condition_dim) and not spec.shared
        self.normed_from = part_dim if by_class else 0
        norm, norm_dim = (ClassNorm, mapping.class_dim) if by_class else (ConditionalNorm, mapping.w_dim)
        inputs = spec.width(4, resolution)
        self.dense = Normalised(drawing, inputs * 16, part_dim)
        self.blocks, self.attention = nn.ModuleDict(), nn.ModuleDict()
        for r in resolutions(resolution)[1:]:
            outputs = spec.width(r, resolution)
            self.blocks[f"b{r}"] = BigGanGeneratorBlock(drawing, inputs, outputs, norm, norm_dim, spec.norm_epsilon)
            if r == spec.attention:
                self.attention[f"b{r}"] = Attention(drawing, outputs)
            inputs = outputs
        self.norm = StandingNorm(inputs, spec.norm_epsilon)
        self.gain, self.shift = nn.Parameter(torch.ones(inputs)), nn.Parameter(torch.zeros(inputs))
        self.torgb = Normalised(drawing, channels, inputs, 3, 3)

    def forward(
        self,
        ws: Float[Tensor, "n layers wdim"],
        noise_mode: NoiseMode = "random",  # noqa: ARG002
        force_fp32: bool = False,  # noqa: ARG002
    ) -> Float[Tensor, "n channels h w"]:
        x = self.dense(ws[:, 0, : self.part_dim]).view(len(ws), -1, 4, 4)
        for (name, block), w in zip(self.blocks.items(), ws[:, 1:, self.normed_from :].unbind(dim=1), strict=True):
            x = block(x, w)
            x = self.attention[name](x) if name in self.attention else x
        x = self.norm(x) * self.gain[:, None, None] + self.shift[:, None, None]
        return torch.tanh(self.torgb(relu(x)))


@implements(BigGanGenerator)
class BigGanGeneratorNetwork(GeneratorNetwork):
    """z, c -> image."""

    mapping: BigGanMapping

    def __init__(self, spec: BigGanGenerator, resolution: int, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.spec, self.z_dim, self.condition_dim = spec, spec.z_dim, condition_dim
        self.resolution, self.channels = resolution, channels
        self.num_ws, self.standing_passes = len(resolutions(resolution)), spec.standing_passes
        self.mapping = BigGanMapping(spec, self.num_ws, condition_dim)
        self.synthesis = BigGanSynthesis(spec, resolution, channels, self.mapping)

    def forward(
        self, z: Float[Tensor, "n zdim"], c: Float[Tensor, "n cdim"], truncation_psi: float = 1.0
    ) -> Float[Tensor, "n channels h w"]:
        """Return images in [-1, 1]."""
        images: Tensor = self.synthesis(self.mapping(z, c, truncation_psi))
        return images

    def presentable(self, labels: LabelSampler) -> GeneratorNetwork:
        return with_standing_statistics(self, labels, self.standing_passes)
