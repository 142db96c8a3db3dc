"""A shallower mapping network: the spec changes how the generator is built; training is unaffected."""

from trainer.config.methods import ShallowMapping
from trainer.objectives.method import Method
from trainer.registry import implements


@implements(ShallowMapping)
class Shallow(Method):
    """Does nothing: `TrainConfig.networks` has already reduced the mapping layers."""

    def __init__(self, spec: ShallowMapping) -> None:
        self.spec = spec
