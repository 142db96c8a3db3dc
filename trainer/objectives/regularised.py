"""An adversarial loss with StyleGAN2's regularisation: phases Gmain, Greg, Dmain, Dreg (Karras et al. 2020b, App. B).

    objective = build(config.objective, generator, augmented_discriminator, intervals, methods)
    objective.phases               # in the order of an iteration
    objective.state_dict()         # plain tensors: the moving mean of path lengths

`intervals` are those of lazy regularisation of both optimizers (`regularize_every`); None makes it part of the main
phase.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.config.training import Regularised
from trainer.model.modulated import NoiseMode
from trainer.model.network import GeneratorNetwork
from trainer.model.precision import regularize_in_full_precision
from trainer.objectives import losses
from trainer.objectives.generation import Generation
from trainer.objectives.main import Adversarial, DiscriminatorMain, GeneratorMain, scores_of
from trainer.objectives.method import Method, reals_of
from trainer.objectives.phases import Joined, MicroBatch, MicroBatchMean, Phase, PhaseResult, SumOverRanks


class Intervals(NamedTuple):
    """Iterations between regularisation steps of each network; None: in every iteration, as part of the main phase."""

    generator: int | None
    discriminator: int | None


class PathLength(Phase):
    """Greg: weight * (||J_w^T y|| - a)^2 on the first `batch / shrink` samples.

    For each micro-batch, a is updated with its own lengths, in the graph; the stored mean is updated with those of all
    micro-batches.
    """

    name, network = "Greg", "G"

    def __init__(self, generation: Generation, spec: Regularised, interval: int) -> None:
        self.generation, self.spec, self.interval = generation, spec, interval
        self.mean = torch.zeros([], device=next(generation.generator.parameters()).device)
        self.noise = losses.image_noise
        self.force_fp32 = regularize_in_full_precision(generation.generator.spec.arithmetic)
        self._mean_length = MicroBatchMean()

    def loss(self, micro_batch: MicroBatch) -> PhaseResult:
        count = max(len(micro_batch.z) // self.spec.path_length_batch_shrink, 1)
        ws = self.generation.latents(micro_batch.z[:count], micro_batch.gen_c[:count])
        images = self.generation.images(ws, self.force_fp32)
        lengths = losses.path_lengths(images, ws, self.noise(images))
        self._mean_length.add(lengths.mean())
        target = self._moved(lengths.mean())
        penalty = losses.path_length_penalty(lengths, target)
        loss = penalty * self.spec.path_length_weight
        return PhaseResult(loss, {"Loss/pl_penalty": penalty.detach(), "Loss/G/reg": loss.detach()})

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        self.generation.finish(sum_over_ranks)
        self.mean = self._moved(self._mean_length.take(sum_over_ranks))

    def _moved(self, length: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return losses.moved_mean(self.mean.to(length.dtype), length, self.spec.path_length_decay)


class DiscriminatorR1(Phase):
    """Dreg: gamma/2 * ||grad_x D(A x)||^2, x the image at which the augmented discriminator takes R1."""

    name, network = "Dreg", "D"

    def __init__(
        self,
        generation: Generation,
        augmented_discriminator: AugmentedDiscriminator,
        gamma: float,
        interval: int,
        methods: Sequence[Method],
    ) -> None:
        self.generation, self.augmented_discriminator, self.gamma = generation, augmented_discriminator, gamma
        self.interval, self.methods = interval, methods
        self.force_fp32 = regularize_in_full_precision(augmented_discriminator.discriminator.spec.arithmetic)

    def loss(self, micro_batch: MicroBatch) -> PhaseResult:
        real = reals_of(self.methods, micro_batch, self.generation)
        images, logits = self.augmented_discriminator.for_r1(real, micro_batch.real_c, self.force_fp32)
        penalty = losses.r1_penalty(logits, images)
        loss = penalty * (self.gamma / 2)
        stats = {**scores_of("real", logits), "Loss/r1_penalty": penalty.detach(), "Loss/D/reg": loss.detach()}
        return PhaseResult(loss, stats)

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        self.generation.finish(sum_over_ranks)


class RegularisedObjective:
    """The phases of an iteration, and the moving mean of path lengths, carried from one iteration to the next."""

    losses: ClassVar[Adversarial]

    def __init__(
        self,
        spec: Regularised,
        generator: GeneratorNetwork,
        augmented_discriminator: AugmentedDiscriminator,
        intervals: Intervals,
        methods: Sequence[Method] = (),
        noise_mode: NoiseMode = "random",
    ) -> None:
        generation = Generation(generator, spec.style_mixing, noise_mode)
        self.path_length = PathLength(generation, spec, intervals.generator or 1)
        r1 = DiscriminatorR1(generation, augmented_discriminator, spec.r1_gamma, intervals.discriminator or 1, methods)
        generator_main = GeneratorMain(
            generation, augmented_discriminator, self.losses, methods, spec.discriminator_steps
        )
        discriminator_main = DiscriminatorMain(generation, augmented_discriminator, self.losses, methods)
        self.phases: tuple[Phase, ...] = (
            *_step(generator_main, self.path_length if spec.path_length_weight else None, intervals.generator),
            *_step(discriminator_main, r1 if spec.r1_gamma else None, intervals.discriminator),
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state to carry from one iteration to the next."""
        return {"path_length_mean": self.path_length.mean.clone()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore `state`."""
        self.path_length.mean = state["path_length_mean"].to(self.path_length.mean.device).clone()


def _step(main: Phase, regularizer: Phase | None, interval: int | None) -> tuple[Phase, ...]:
    """Return the phases of a network: a lazy regulariser is a separate phase."""
    if regularizer is None:
        return (main,)
    return (Joined(main, regularizer),) if interval is None else (main, regularizer)
