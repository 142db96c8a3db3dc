"""What a method may do to training. It overrides the hooks it needs; the others do nothing.

    prepare                       once, before the optimizers are made: layers that the method adds to a network
    real_images                   Dmain, Dreg: what the discriminator is given for real
    generator_penalty             Gmain: what is added to the loss
    discriminator_penalty         Dmain: what is added to the loss
    finish                        once after Dmain, when all shards have run: moving averages
    observe, step                 every iteration: what all ranks saw, and a controller's turn
    state_dict, load_state_dict   what must survive a restart

A new method is a spec in `trainer/config/methods.py` and a file here with `@implements`; docs/extending.md shows one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from trainer.augment.critic import Critic
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.objectives.generation import Generation
from trainer.objectives.phases import PhaseResult, Shard, Stats, SumOverRanks

Images = Float[Tensor, "n c h w"]
Logits = Float[Tensor, "n 1"]


class GeneratorScene(NamedTuple):
    """What a shard of Gmain has computed: images G(z), and logits D(A G(z))."""

    shard: Shard
    generation: Generation
    critic: Critic
    images: Images
    logits: Logits


class DiscriminatorScene(NamedTuple):
    """What a shard of Dmain has computed: x and G(z), the same as shown (A x, A G(z)), and the logits of those."""

    shard: Shard
    generation: Generation
    critic: Critic
    real: Images
    fake: Images
    real_shown: Images
    fake_shown: Images
    real_logits: Logits
    fake_logits: Logits


class Method:
    """A method that changes nothing."""

    def prepare(self, generator: Generator, discriminator: Discriminator) -> None:
        """Add layers to the networks."""

    def real_images(self, real: Images, shard: Shard, generation: Generation) -> Images:  # noqa: ARG002
        """Return what takes the place of the real images."""
        return real

    def generator_penalty(self, scene: GeneratorScene) -> PhaseResult | None:  # noqa: ARG002
        """Return what the loss of the generator grows by, per sample."""
        return None

    def discriminator_penalty(self, scene: DiscriminatorScene) -> PhaseResult | None:  # noqa: ARG002
        """Return what the loss of the discriminator grows by, per sample."""
        return None

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        """Move what is averaged over the whole batch of Dmain."""

    def observe(self, stats: Stats) -> None:
        """Take in what a phase has seen on all ranks."""

    def step(self, iteration: int, batch: int) -> None:
        """Take the controller's turn after `iteration` finished iterations of `batch` images."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state an iteration hands on to the next."""
        return {}

    def load_state_dict(self, tensors: Mapping[str, Tensor], /) -> None:
        """Go on from what `state_dict` gave."""


def penalised(result: PhaseResult, penalties: Iterable[PhaseResult | None]) -> PhaseResult:
    """Return a phase's result with the penalties added: losses sample by sample, statistics by name."""
    loss, stats = result
    for penalty in penalties:
        if penalty is not None:
            loss, stats = loss + penalty.loss, {**stats, **penalty.stats}
    return PhaseResult(loss, stats)


def reals_of(methods: Sequence[Method], shard: Shard, generation: Generation) -> Images:
    """Return the real images of a shard after every method has had them."""
    real = shard.real
    for method in methods:
        real = method.real_images(real, shard, generation)
    return real
