"""The augmentation between images and discriminator: a pipe, its current probability p, and the rule that moves p."""

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
    """p has risen above the limit up to which augmentations were observed not to leak into generated images."""

    p: float
    limit: float = SAFE_P


class Augmenter:
    """A pipe with probability p. The base class leaves p constant and measures overfitting every `interval` iterations.

    At p = 0 images pass unchanged, since the pipe would return them to within 1e-6 at its full cost, and no random
    numbers are drawn. A run remains a function of its seed and its image counter: so is p, and the loop reseeds before
    every phase.
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
        """Return where validation logits lie between training (0) and generated (1); None without validation images."""
        return self._heuristics.r_v

    def images(self, images: Float[Tensor, "n c h w"], role: Role = "real") -> Float[Tensor, "n c h w"]:  # noqa: ARG002
        """Return the images as the discriminator sees them."""
        if self.p == 0:
            return images
        augmented: Tensor = self._pipe(images, self._p)
        return augmented

    def augmented_discriminator(self, discriminator: DiscriminatorNetwork) -> AugmentedDiscriminator:
        """Return the discriminator behind this augmentation; layers that it needs are added here."""
        return AugmentedDiscriminator(discriminator, self.images)

    def observe(self, stats: Mapping[str, Tensor]) -> None:
        """Add the statistics of a phase on all ranks: logits and their signs, by the names in `overfitting`."""
        self._meter.add(stats)

    def step(self, iteration: int, batch: int) -> LeakRisk | None:
        """Update p when due. `iteration` counts finished iterations from 1. Return a leak risk if it is new."""
        was_risky = iteration > 1 and self._is_risky()
        if iteration % self._interval == 0:
            self._heuristics = self._meter.take()
            self._p = self.moved(self._p, self._heuristics, batch * self._interval)
        return LeakRisk(self.p) if self._is_risky() and not was_risky else None

    def _is_risky(self) -> bool:
        return round(self.p, 6) > self.safe_p  # p has single precision

    def moved(self, p: Float[Tensor, ""], heuristics: Heuristics, images: int) -> Float[Tensor, ""]:  # noqa: ARG002
        """Return the next p, `images` images after the last update."""
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
        """Restore what `state_dict` returned."""
        self._p = tensors["p"].to("cpu", torch.float32).clone()
        self._meter.sums = tensors["sums"].to("cpu", torch.float64).clone()
        self._heuristics = Heuristics(*(None if value != value else value for value in tensors["reading"].tolist()))
