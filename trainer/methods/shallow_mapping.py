"""A shallower mapping network: the spec changes the generator that is built, and there is nothing to do in training."""

from trainer.config.methods import ShallowMapping
from trainer.objectives.method import Method
from trainer.registry import implements


@implements(ShallowMapping)
class Shallow(Method):
    """Has built the generator with fewer layers (`TrainConfig.networks`)."""

    def __init__(self, spec: ShallowMapping) -> None:
        self.spec = spec
