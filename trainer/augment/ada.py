"""Adaptive discriminator augmentation (Karras et al. 2020, Sec. 3.2)."""

from jaxtyping import Float
from torch import Tensor

from trainer.augment.augmenter import Augmenter
from trainer.augment.overfitting import Reading
from trainer.augment.pipe import named_pipe
from trainer.config.augment import AdaAugment
from trainer.families import implements


def adapted(p: Float[Tensor, ""], overfitting: float, target: float, step: float) -> Float[Tensor, ""]:
    """Return max(p + sign(r - target) * step, 0), in the precision of p; p has no upper bound.

    An r that is not a number leaves p as it is.
    """
    sign = (overfitting > target) - (overfitting < target)
    return (p + sign * step).clamp(min=0)


@implements(AdaAugment)
class AdaAugmenter(Augmenter):
    """Moves p by images / horizon towards what keeps the heuristic at its target."""

    def __init__(self, spec: AdaAugment) -> None:
        super().__init__(named_pipe(spec.pipe), spec.p_initial, spec.interval)
        self.spec = spec

    def moved(self, p: Float[Tensor, ""], reading: Reading, images: int) -> Float[Tensor, ""]:
        """Return p after `images` images between two readings; as it was where the reading lacks the heuristic."""
        overfitting = reading.r_t if self.spec.heuristic == "rt" else reading.r_v
        if overfitting is None:
            return p
        p = adapted(p, overfitting, self.spec.target, images / (self.spec.horizon_kimg * 1000))
        return p if self.spec.p_max is None else p.clamp(max=self.spec.p_max)
