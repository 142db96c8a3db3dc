"""What stands between images and discriminator: a pipe, its present probability p, and the rule that moves p."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.augmented_discriminator import AugmentedDiscriminator, Role
from trainer.augment.overfitting import Heuristics, OverfittingMeter
from trainer.augment.pipe import AugmentPipe
from trainer.model.network import DiscriminatorNetwork

SAFE_P = 0.8  # above it the generator may learn the augmentations (Karras et al. 2020, Sec. 2.2)


class LeakRisk(NamedTuple):
    """p has risen above the value up to which augmentations were seen not to leak into generated images."""

    p: float
    limit: float = SAFE_P


class Augmenter:
    """A pipe with probability p. This one keeps p as it is and measures overfitting every `interval` iterations.

    At p = 0 images pass untouched: the pipe would give them back to 1e-6, at its full price. Its random numbers are
    then not drawn. A run stays a function of its seed and its image counter, for p is one as well; and as the loop
    seeds every phase anew, no later phase notices.
    """

    safe_p: ClassVar[float] = SAFE_P

    def __init__(self, pipe: AugmentPipe, p: float, interval: int = 4) -> None:
        self._pipe, self._interval = pipe, interval
        self._p: Float[Tensor, ""] = torch.tensor(p, dtype=torch.float32)
        self._meter, self._heuristics = OverfittingMeter(), Heuristics()

    @property
    def p(self) -> float:
        """Return the probability of each transform."""
        return self._p.item()

    @property
    def r_t(self) -> float | None:
        """Return E[sign D(x)] over training images at the last reading, None before the first."""
        return self._heuristics.r_t

    @property
    def r_v(self) -> float | None:
        """Return where validation logits stood between training (0) and generated (1); None without such images."""
        return self._heuristics.r_v

    def images(self, images: Float[Tensor, "n c h w"], role: Role = "real") -> Float[Tensor, "n c h w"]:  # noqa: ARG002
        """Return the images as the discriminator may see them."""
        if self.p == 0:
            return images
        augmented: Tensor = self._pipe(images, self._p)
        return augmented

    def augmented_discriminator(self, discriminator: DiscriminatorNetwork) -> AugmentedDiscriminator:
        """Return the discriminator as training is to see it; layers that takes are added to it here."""
        return AugmentedDiscriminator(discriminator, self.images)

    def observe(self, stats: Mapping[str, Tensor]) -> None:
        """Take in what a phase has seen on all ranks: logits and their signs, by the names of `overfitting`."""
        self._meter.add(stats)

    def step(self, iteration: int, batch: int) -> LeakRisk | None:
        """Read the meter when due. `iteration` counts finished iterations, from 1. Return a risk that is new."""
        was_risky = iteration > 1 and self._is_risky()
        if iteration % self._interval == 0:
            self._heuristics = self._meter.take()
            self._p = self.moved(self._p, self._heuristics, batch * self._interval)
        return LeakRisk(self.p) if self._is_risky() and not was_risky else None

    def _is_risky(self) -> bool:
        return round(self.p, 6) > self.safe_p  # p is of single precision

    def moved(self, p: Float[Tensor, ""], heuristics: Heuristics, images: int) -> Float[Tensor, ""]:  # noqa: ARG002
        """Return the next p, `images` images after the last time."""
        return p

    def state_dict(self) -> dict[str, Tensor]:
        """Return p, the sums since the last reading, and the last reading (NaN where there is none)."""
        heuristics = [float("nan") if value is None else value for value in self._heuristics]
        return {
            "p": self._p.clone(),
            "sums": self._meter.sums.clone(),
            "reading": torch.tensor(heuristics, dtype=torch.float64),
        }

    def load_state_dict(self, tensors: Mapping[str, Tensor], /) -> None:
        """Take over what `state_dict` gave."""
        self._p = tensors["p"].to("cpu", torch.float32).clone()
        self._meter.sums = tensors["sums"].to("cpu", torch.float64).clone()
        self._heuristics = Heuristics(*(None if value != value else value for value in tensors["reading"].tolist()))
