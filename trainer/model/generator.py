"""The StyleGAN2 generator: mapping and synthesis (Karras et al. 2020b)."""

from jaxtyping import Float
from torch import Tensor

from trainer.config.networks.stylegan2 import StyleGan2Generator
from trainer.model.mapping import Mapping
from trainer.model.modulated import NoiseMode
from trainer.model.network import GeneratorNetwork
from trainer.model.synthesis import Synthesis
from trainer.registry import implements


@implements(StyleGan2Generator)
class Generator(GeneratorNetwork):
    """z, c -> image. `mapping` and `synthesis` can be called separately, for style mixing and projection."""

    mapping: Mapping
    synthesis: Synthesis

    def __init__(self, spec: StyleGan2Generator, resolution: int, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.spec = spec
        self.z_dim, self.w_dim, self.condition_dim = spec.z_dim, spec.w_dim, condition_dim
        self.resolution, self.channels = resolution, channels
        self.synthesis = Synthesis(spec, resolution, channels)
        self.num_ws = self.synthesis.num_ws
        self.mapping = Mapping(
            spec.z_dim, condition_dim, spec.w_dim, spec.mapping_layers, self.num_ws, spec.normalize_label
        )

    def forward(
        self,
        z: Float[Tensor, "n zdim"],
        c: Float[Tensor, "n cdim"],
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        noise_mode: NoiseMode = "random",
        force_fp32: bool = False,
    ) -> Float[Tensor, "n channels h w"]:
        """Return images of approximately [-1, 1]."""
        ws = self.mapping(z, c, truncation_psi, truncation_cutoff)
        images: Tensor = self.synthesis(ws, noise_mode, force_fp32)
        return images
