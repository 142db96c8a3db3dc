"""Base class of growing discriminators, which blends the highest resolution with the one below while it fades in."""

from jaxtyping import Float
from torch import Tensor

from trainer.model.growing.level import Leveled, shrink
from trainer.model.network import DiscriminatorNetwork


class GrowingDiscriminator(DiscriminatorNetwork, Leveled):
    """Runs from the highest resolution of the level down to 4x4. Images have full size and are averaged down."""

    def from_rgb(self, resolution: int, image: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n i h w"]:
        """Return the features of an image of `resolution`."""
        raise NotImplementedError

    def halved(self, resolution: int, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        """Return features at half of `resolution`, which is above 4."""
        raise NotImplementedError

    def flat(self, x: Float[Tensor, "n i 4 4"], parts: int) -> Float[Tensor, "n features"]:
        """Return the features of the last hidden layer from those at 4x4."""
        raise NotImplementedError

    def features(
        self,
        images: Float[Tensor, "n channels h w"],
        force_fp32: bool = False,  # noqa: ARG002
        parts: int = 1,
    ) -> Float[Tensor, "n features"]:
        """Return the features of the last hidden layer."""
        resolution, alpha = self.stage
        image = shrink(images, self.resolution // resolution)
        x = self.from_rgb(resolution, image)
        while resolution > 4:
            x, resolution = self.halved(resolution, x), resolution // 2
            if alpha < 1:
                x, alpha = self.from_rgb(resolution, shrink(image, 2)).lerp(x, alpha), 1.0
        return self.flat(x, parts)
