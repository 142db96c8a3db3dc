"""The controller of p (Karras et al. 2020, Sec. 3.2), independent of what p controls."""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from trainer.augment.augmented_discriminator import Role
from trainer.augment.augmenter import Augmenter
from trainer.augment.overfitting import Heuristics
from trainer.augment.pipe import AugmentPipe
from trainer.config.augment import Adaptive


def adapted(p: Float[Tensor, ""], overfitting: float, target: float, step: float) -> Float[Tensor, ""]:
    """Return max(p + sign(r - target) * step, 0), in the precision of p; p has no upper bound.

    If r is NaN, p stays unchanged.
    """
    sign = (overfitting > target) - (overfitting < target)
    return (p + sign * step).clamp(min=0)


class AdaptiveAugmenter(Augmenter):
    """Moves p by images / horizon, up while the heuristic is above its target and down while it is below."""

    def __init__(self, spec: Adaptive, pipe: AugmentPipe) -> None:
        super().__init__(pipe, spec.p_initial, spec.interval)
        self._rule = spec

    def moved(self, p: Float[Tensor, ""], heuristics: Heuristics, images: int) -> Float[Tensor, ""]:
        """Return p after `images` images between two readings; unchanged if the reading lacks the heuristic."""
        rule = self._rule
        overfitting = heuristics.r_t if rule.heuristic == "rt" else heuristics.r_v
        if overfitting is None:
            return p
        p = adapted(p, overfitting, rule.target, images / (rule.horizon_kimg * 1000))
        return p if rule.p_max is None else p.clamp(max=rule.p_max)


class InnerAugmenter(AdaptiveAugmenter):
    """Leaves images unchanged: p acts inside the discriminator, so nothing can leak into images."""

    safe_p: ClassVar[float] = float("inf")

    def __init__(self, spec: Adaptive) -> None:
        super().__init__(spec, AugmentPipe({}))

    def images(self, images: Float[Tensor, "n c h w"], role: Role = "real") -> Float[Tensor, "n c h w"]:  # noqa: ARG002
        return images
