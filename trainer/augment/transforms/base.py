"""Base classes of the pipe's transforms: how parameters are drawn, and what they do.

Parameters are defined so that zero is the identity. The pipe multiplies the parameters of images that it skips by zero,
so a transform never sees the probability p.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from trainer.augment.draws import Draws
from trainer.augment.matrices import Colour, Plane

Parameters = Float[Tensor, "n k"]


class Transform(ABC):
    """A random change to an image, with k = `parameters` numbers drawn for each."""

    parameters: ClassVar[int] = 1

    def probability(self, p: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """Return the probability of applying this transform when the pipe runs at `p`."""
        return p

    @abstractmethod
    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        """Draw the parameters of n images, in the shape of `like` [n k]."""


class Geometric(Transform):
    """A transform of the plane, in pixels about the centre of the image; y points down."""

    @abstractmethod
    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:
        """Return G^-1 [n 3 3]: where each point of the result comes from."""


class Colouring(Transform):
    """An affine map of colour."""

    @abstractmethod
    def matrix(self, parameters: Parameters) -> Colour:
        """Return C [n 4 4], acting on (r, g, b, 1)."""


class Filtering(Transform):
    """A change of the strengths of the four frequency bands."""

    @abstractmethod
    def gains(self, parameters: Parameters) -> Float[Tensor, "n 4"]:
        """Return the factor of each band, from low to high."""


class Corruption(Transform):
    """A change of pixel values in place, such as noise or cutout."""

    @abstractmethod
    def apply(self, images: Float[Tensor, "n c h w"], parameters: Parameters, draws: Draws) -> Float[Tensor, "n c h w"]:
        """Return the changed images."""
