"""Augmentation with a constant probability."""

from trainer.augment.augmenter import Augmenter
from trainer.augment.pipe import named_pipe
from trainer.config.augment import FixedAugment
from trainer.registry import implements


@implements(FixedAugment)
def fixed_augmenter(spec: FixedAugment) -> Augmenter:
    """Return an augmenter with constant p."""
    return Augmenter(named_pipe(spec.pipe), spec.p)
