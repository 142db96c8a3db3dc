"""No augmentation."""

from trainer.augment.augmenter import Augmenter
from trainer.augment.pipe import AugmentPipe
from trainer.config.augment import NoAugment
from trainer.registry import implements


@implements(NoAugment)
def no_augmenter(spec: NoAugment) -> Augmenter:  # noqa: ARG001
    """Return an augmenter that leaves images unchanged but still measures overfitting."""
    return Augmenter(AugmentPipe({}), p=0.0)
