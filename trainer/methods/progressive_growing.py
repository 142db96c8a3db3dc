"""Progressive growing (Karras et al. 2018, Sec. 2): both networks start small, and resolutions fade in one by one.

The schedule is a function of the image counter (`trainer/config/progressive_growing.py`), so a run that resumes within
a fade needs no saved state. Real images get the detail of generated ones: they are averaged down and faded likewise.
"""

from collections.abc import Sequence

from trainer.config.progressive_growing import ProgressiveGrowing, top_of
from trainer.model.growing.level import Growable, faded
from trainer.model.network import DiscriminatorNetwork, GeneratorNetwork
from trainer.objectives.method import INITIAL_LR, Event, Images, IterationContext, Method
from trainer.registry import implements


@implements(ProgressiveGrowing)
class Grower(Method):
    """Sets the level and the learning rates, and resets optimizers where a fade begins or ends."""

    networks: Sequence[Growable]

    def __init__(self, spec: ProgressiveGrowing) -> None:
        self.spec = spec
        self.level = 0.0

    def prepare(self, generator: GeneratorNetwork, discriminator: DiscriminatorNetwork) -> None:
        assert isinstance(generator, Growable)
        assert isinstance(discriminator, Growable)
        self.networks = (generator, discriminator)
        self._set_level(0)

    def begin(self, context: IterationContext) -> Event | None:
        self._set_level(context.images)
        for optimizer in context.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group[INITIAL_LR] * self.spec.lr_factor(self.level)
        if context.before is None or stage_of(self.level) == stage_of(self._level_at(context.before)):
            return None
        if self.spec.reset_optimizers:
            for optimizer in context.optimizers.values():
                optimizer.state.clear()
        return Event("growth", {"level": self.level, "resolution": top_of(self.level)})

    def loaded(self, images: Images) -> Images:
        return faded(images, self.level)

    def _set_level(self, images: int) -> None:
        self.level = self._level_at(images)
        for network in self.networks:
            network.set_level(self.level)

    def _level_at(self, images: int) -> float:
        return self.spec.level(images, self.networks[0].resolution)


def stage_of(level: float) -> tuple[int, bool]:
    """Return the highest resolution at a level, and whether it is fading in."""
    return top_of(level), not level.is_integer()
