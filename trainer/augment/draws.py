"""The augmentation's source of random numbers: a generator, or fixed quantiles for tests."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

AnyShape = Float[Tensor, "*any"]


@runtime_checkable
class Draws(Protocol):
    """A source of random numbers. Results have the shape, dtype and device of `like`."""

    def uniform(self, like: AnyShape) -> AnyShape:
        """Return numbers of U[0, 1)."""

    def normal(self, like: AnyShape) -> AnyShape:
        """Return numbers of N(0, 1)."""

    def half_normal(self, like: AnyShape) -> AnyShape:
        """Return numbers of |N(0, 1)|."""

    def integers(self, count: int, like: AnyShape) -> AnyShape:
        """Return whole numbers, uniform over 0 … count-1."""

    def gates(self, name: str, probability: Float[Tensor, ""], like: AnyShape) -> Bool[Tensor, "*any"]:
        """Return which images transform `name` is applied to: each with `probability`."""

    def pixels(self, like: AnyShape) -> AnyShape:
        """Return one number of N(0, 1) for every pixel."""


class RandomDraws:
    """Independent draws from torch's global generator."""

    def uniform(self, like: AnyShape) -> AnyShape:
        return torch.rand_like(like)

    def normal(self, like: AnyShape) -> AnyShape:
        return torch.randn_like(like)

    def half_normal(self, like: AnyShape) -> AnyShape:
        return torch.randn_like(like).abs()

    def integers(self, count: int, like: AnyShape) -> AnyShape:
        return (torch.rand_like(like) * count).floor()

    def gates(self, name: str, probability: Float[Tensor, ""], like: AnyShape) -> Bool[Tensor, "*any"]:  # noqa: ARG002
        return torch.rand_like(like) < probability

    def pixels(self, like: AnyShape) -> AnyShape:
        return torch.randn_like(like)


@dataclass(frozen=True)
class QuantileDraws:
    """Deterministic draws: every number at its quantile q, every gate open except those in `closed`.

    The conventions are those of the published golden numbers: a normal number is erfinv(2q - 1), without the factor
    sqrt(2); |normal| is erfinv(q); the rotation after the anisotropic scaling stays closed, since at the same quantile
    it would only repeat the first. `field` supplies the one draw without a quantile: the noise of each pixel.
    """

    q: float
    field: Float[Tensor, "n c h w"] | None = None
    closed: frozenset[str] = frozenset({"rotate_post"})

    def uniform(self, like: AnyShape) -> AnyShape:
        return torch.full_like(like, self.q)

    def normal(self, like: AnyShape) -> AnyShape:
        return torch.erfinv(torch.full_like(like, 2 * self.q - 1))

    def half_normal(self, like: AnyShape) -> AnyShape:
        return torch.erfinv(torch.full_like(like, self.q))

    def integers(self, count: int, like: AnyShape) -> AnyShape:
        return (torch.full_like(like, self.q) * count).floor()

    def gates(self, name: str, probability: Float[Tensor, ""], like: AnyShape) -> Bool[Tensor, "*any"]:  # noqa: ARG002
        return torch.full_like(like, name not in self.closed, dtype=torch.bool)

    def pixels(self, like: AnyShape) -> AnyShape:
        if self.field is None:
            raise ValueError("QuantileDraws needs `field`: the noise of a pixel has no quantile")
        return self.field.to(like)
