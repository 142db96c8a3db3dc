"""What a method may do to training. It overrides the hooks it needs; the others do nothing.

    prepare                       once, before the optimizers are made: layers that the method adds to a network
    begin                         every iteration, before its phases: what a schedule says of networks and optimizers
    loaded                        every real image, of training and validation, as it comes from the data set
    real_images                   Dmain, Dreg: what the discriminator is given for real
    generator_penalty             Gmain: what is added to the loss
    discriminator_penalty         Dmain: what is added to the loss
    finish                        once after Dmain, when all micro-batches have run: moving averages
    observe, step                 every iteration: what all ranks saw, and a controller's turn
    state_dict, load_state_dict   what must survive a restart

A new method is a spec in `trainer/config/methods.py` and a file here with `@implements`; docs/extending.md shows one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.model.network import DiscriminatorNetwork, GeneratorNetwork
from trainer.objectives.generation import Generation
from trainer.objectives.phases import MicroBatch, NetworkName, PhaseResult, Stats, SumOverRanks

Images = Float[Tensor, "n c h w"]
Logits = Float[Tensor, "n 1"]


INITIAL_LR = "initial_lr"
"""Where an optimizer's groups keep the lr that they began with."""


class IterationContext(NamedTuple):
    """Where an iteration begins, and the optimizers by network.

    `images`, `before`: the image counter at which schedules are looked at, now and in the iteration before (None in
    the first one of all).
    """

    images: int
    before: int | None
    optimizers: Mapping[NetworkName, torch.optim.Optimizer]


class Event(NamedTuple):
    """Something a run's history is to tell of: a name and details."""

    name: str
    details: dict[str, float]


class GeneratorPenaltyInputs(NamedTuple):
    """What a micro-batch of Gmain has computed: images G(z), and logits D(A G(z))."""

    micro_batch: MicroBatch
    generation: Generation
    augmented_discriminator: AugmentedDiscriminator
    images: Images
    logits: Logits


class DiscriminatorPenaltyInputs(NamedTuple):
    """What a micro-batch of Dmain has computed: x and G(z), both as shown (A x, A G(z)), and the logits of those."""

    micro_batch: MicroBatch
    generation: Generation
    augmented_discriminator: AugmentedDiscriminator
    real: Images
    fake: Images
    real_shown: Images
    fake_shown: Images
    real_logits: Logits
    fake_logits: Logits


class Method:
    """A method that changes nothing."""

    def prepare(self, generator: GeneratorNetwork, discriminator: DiscriminatorNetwork) -> None:
        """Add layers to the networks."""

    def begin(self, context: IterationContext) -> Event | None:  # noqa: ARG002
        """Set networks and optimizers as the iteration needs them, a function of the image counter alone."""
        return None

    def loaded(self, images: Images) -> Images:
        """Return what takes the place of images of the data set."""
        return images

    def real_images(self, real: Images, micro_batch: MicroBatch, generation: Generation) -> Images:  # noqa: ARG002
        """Return what takes the place of the real images."""
        return real

    def generator_penalty(self, inputs: GeneratorPenaltyInputs) -> PhaseResult | None:  # noqa: ARG002
        """Return what the loss of the generator grows by, per sample."""
        return None

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> PhaseResult | None:  # noqa: ARG002
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


def reals_of(methods: Sequence[Method], micro_batch: MicroBatch, generation: Generation) -> Images:
    """Return the real images of a micro-batch after every method has had them."""
    real = micro_batch.real
    for method in methods:
        real = method.real_images(real, micro_batch, generation)
    return real
