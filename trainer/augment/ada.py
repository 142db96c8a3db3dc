"""Adaptive discriminator augmentation (Karras et al. 2020, Sec. 3.2)."""

from trainer.augment.adaptive import AdaptiveAugmenter
from trainer.augment.pipe import named_pipe
from trainer.config.augment import AdaAugment
from trainer.registry import implements


@implements(AdaAugment)
class AdaAugmenter(AdaptiveAugmenter):
    """Uses p as the probability of every transform of the pipe."""

    def __init__(self, spec: AdaAugment) -> None:
        super().__init__(spec, named_pipe(spec.pipe))
