"""The hooks by which a method can change training. A method overrides those it needs; the others do nothing.

    prepare                       once, before the optimizers are created: add layers to a network
    begin                         every iteration, before its phases: apply schedules to networks and optimizers
    loaded                        transform real images, for training and validation, as loaded from the data set
    real_images                   Dmain, Dreg: replace the real images that the discriminator gets
    generator_penalty             Gmain: return a term to add to the loss
    discriminator_penalty         Dmain: return a term to add to the loss
    finish                        once after Dmain, after all micro-batches: update moving averages
    observe, step                 every iteration: receive statistics of all ranks, and update a controller
    state_dict, load_state_dict   save and restore the state for checkpoints

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
"""The key of the initial lr in an optimizer's parameter groups."""


class IterationContext(NamedTuple):
    """The start of an iteration, and the optimizers by network.

    `images`, `before`: the image counters at which schedules are evaluated, in this and in the previous iteration (None
    in the first one).
    """

    images: int
    before: int | None
    optimizers: Mapping[NetworkName, torch.optim.Optimizer]


class Event(NamedTuple):
    """An event to record in events.jsonl: a name and details."""

    name: str
    details: dict[str, float]


class GeneratorPenaltyInputs(NamedTuple):
    """Results of a micro-batch in Gmain: images G(z), and logits D(A G(z))."""

    micro_batch: MicroBatch
    generation: Generation
    augmented_discriminator: AugmentedDiscriminator
    images: Images
    logits: Logits


class DiscriminatorPenaltyInputs(NamedTuple):
    """Results of a micro-batch in Dmain: x and G(z), augmented A x and A G(z), and their logits."""

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
    """Base class of methods, which changes nothing."""

    def prepare(self, generator: GeneratorNetwork, discriminator: DiscriminatorNetwork) -> None:
        """Add layers to the networks."""

    def begin(self, context: IterationContext) -> Event | None:  # noqa: ARG002
        """Apply schedules to networks and optimizers; must depend only on the image counter."""
        return None

    def loaded(self, images: Images) -> Images:
        """Return the images to use instead of those of the data set."""
        return images

    def real_images(self, real: Images, micro_batch: MicroBatch, generation: Generation) -> Images:  # noqa: ARG002
        """Return the images to use instead of the real ones."""
        return real

    def generator_penalty(self, inputs: GeneratorPenaltyInputs) -> PhaseResult | None:  # noqa: ARG002
        """Return the term to add to the generator's loss, per sample, or None."""
        return None

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> PhaseResult | None:  # noqa: ARG002
        """Return the term to add to the discriminator's loss, per sample, or None."""
        return None

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        """Update moving averages over the whole batch of Dmain."""

    def observe(self, stats: Stats) -> None:
        """Receive the statistics of a phase on all ranks."""

    def step(self, iteration: int, batch: int) -> None:
        """Update a controller after `iteration` finished iterations of `batch` images."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state to carry from one iteration to the next."""
        return {}

    def load_state_dict(self, tensors: Mapping[str, Tensor], /) -> None:
        """Restore what `state_dict` returned."""


def penalised(result: PhaseResult, penalties: Iterable[PhaseResult | None]) -> PhaseResult:
    """Return the result of a phase with penalties added to the loss per sample, and with their statistics."""
    loss, stats = result
    for penalty in penalties:
        if penalty is not None:
            loss, stats = loss + penalty.loss, {**stats, **penalty.stats}
    return PhaseResult(loss, stats)


def reals_of(methods: Sequence[Method], micro_batch: MicroBatch, generation: Generation) -> Images:
    """Return the real images of a micro-batch, transformed by every method in turn."""
    real = micro_batch.real
    for method in methods:
        real = method.real_images(real, micro_batch, generation)
    return real
