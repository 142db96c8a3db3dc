"""Growing generators, which blend the image of the highest resolution with that of the one below while it fades in."""

import math

from jaxtyping import Float
from torch import Tensor, nn

from trainer.model.growing.level import GrowthStage, Leveled, enlarge
from trainer.model.modulated import NoiseMode
from trainer.model.network import GeneratorNetwork
from trainer.model.precision import resolutions


class GrowingBlock(nn.Module):
    """The layers of one resolution, `styles` of which take a vector of ws, and ToRGB, which takes the next."""

    styles: int

    def features(
        self, x: Float[Tensor, "n i h w"] | None, ws: Float[Tensor, "n layers wdim"], noise_mode: NoiseMode
    ) -> Float[Tensor, "n o h2 w2"]:
        """Return the features of this resolution; `ws` begins with the vectors of its layers."""
        raise NotImplementedError

    def colours(
        self, x: Float[Tensor, "n o h w"], ws: Float[Tensor, "n layers wdim"]
    ) -> Float[Tensor, "n channels h w"]:
        """Return the image of these features; `ws` begins after the vectors of the layers."""
        raise NotImplementedError


class GrowingSynthesis(Leveled):
    """Blocks b4, b8, ... up to the resolution, of which those up to the level are run."""

    def __init__(self, blocks: list[GrowingBlock]) -> None:
        super().__init__()
        self.resolution = 2 * 2 ** len(blocks)
        for resolution, block in zip(resolutions(self.resolution), blocks, strict=True):
            self.add_module(f"b{resolution}", block)
        self.keep_level(self.resolution)

    def blocks(self, top: int) -> list[GrowingBlock]:
        """Return the blocks from 4x4 up to `top`."""
        blocks = [block for block in self.children() if isinstance(block, GrowingBlock)]
        return blocks[: int(math.log2(top)) - 1]

    def forward(
        self,
        ws: Float[Tensor, "n layers wdim"],
        noise_mode: NoiseMode = "random",
        force_fp32: bool = False,  # noqa: ARG002
    ) -> Float[Tensor, "n channels h w"]:
        """Return images of full size, with the detail of the level."""
        stage = self.stage
        *lower, last = self.blocks(stage.top)
        x: Tensor | None = None
        for block in lower:
            x, ws = block.features(x, ws, noise_mode), ws[:, block.styles :]
        image = last.colours(last.features(x, ws, noise_mode), ws[:, last.styles :])
        if stage.alpha < 1:
            assert x is not None, "4x4 never fades in"
            image = enlarge(lower[-1].colours(x, ws), 2).lerp(image, stage.alpha)
        return enlarge(image, self.resolution // stage.top)


class GrowingGenerator(GeneratorNetwork):
    """z, c -> image at the current level."""

    synthesis: GrowingSynthesis

    def set_level(self, level: float) -> None:
        """Use resolutions up to a level."""
        self.synthesis.set_level(level)

    @property
    def stage(self) -> GrowthStage:
        """Return the current stage."""
        return self.synthesis.stage

    def forward(
        self,
        z: Float[Tensor, "n zdim"],
        c: Float[Tensor, "n cdim"],
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        noise_mode: NoiseMode = "random",
    ) -> Float[Tensor, "n channels h w"]:
        """Return images of approximately [-1, 1]."""
        ws = self.mapping(z, c, truncation_psi, truncation_cutoff)
        images: Tensor = self.synthesis(ws, noise_mode)
        return images
