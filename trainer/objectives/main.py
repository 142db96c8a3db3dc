"""The two main phases of every adversarial objective, Gmain and Dmain, for any losses."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.objectives.generation import Generation
from trainer.objectives.method import DiscriminatorPenaltyInputs, GeneratorPenaltyInputs, Method, penalised, reals_of
from trainer.objectives.phases import MicroBatch, Phase, PhaseResult, Stats, SumOverRanks

Loss = Callable[[Tensor], Tensor]


class Adversarial(NamedTuple):
    """Losses [n] of logits [n 1]: of generated images to train G, of generated and real ones to train D."""

    generator: Loss
    fake: Loss
    real: Loss


def scores_of(kind: str, logits: Float[Tensor, "n 1"]) -> Stats:
    """Return the recorded statistics of logits."""
    logits = logits.detach().squeeze(1)
    return {f"Loss/scores/{kind}": logits, f"Loss/signs/{kind}": logits.sign()}


class GeneratorMain(Phase):
    """Gmain: the generator's loss on D(A G(z)), and penalties. It runs once every `interval` steps of D."""

    name, network = "Gmain", "G"

    def __init__(
        self,
        generation: Generation,
        augmented_discriminator: AugmentedDiscriminator,
        losses: Adversarial,
        methods: Sequence[Method] = (),
        interval: int = 1,
    ) -> None:
        self.generation, self.augmented_discriminator, self.losses, self.methods = (
            generation,
            augmented_discriminator,
            losses,
            methods,
        )
        self.interval = interval

    @property
    def gain(self) -> float:
        return 1.0

    def loss(self, micro_batch: MicroBatch) -> PhaseResult:
        images = self.generation.images(self.generation.latents(micro_batch.z, micro_batch.gen_c))
        logits = self.augmented_discriminator.logits(images, micro_batch.gen_c, "fake-in-G")
        loss = self.losses.generator(logits)
        result = PhaseResult(loss, {**scores_of("fake", logits), "Loss/G/loss": loss.detach()})
        inputs = GeneratorPenaltyInputs(micro_batch, self.generation, self.augmented_discriminator, images, logits)
        return penalised(result, (method.generator_penalty(inputs) for method in self.methods))

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        self.generation.finish(sum_over_ranks)


class DiscriminatorMain(Phase):
    """Dmain: the discriminator's losses on D(A G(z)) and D(A x), and penalties."""

    name, network = "Dmain", "D"

    def __init__(
        self,
        generation: Generation,
        augmented_discriminator: AugmentedDiscriminator,
        losses: Adversarial,
        methods: Sequence[Method] = (),
    ) -> None:
        self.generation, self.augmented_discriminator, self.losses, self.methods = (
            generation,
            augmented_discriminator,
            losses,
            methods,
        )

    def loss(self, micro_batch: MicroBatch) -> PhaseResult:
        inputs = self._penalty_inputs(micro_batch)
        loss = self.losses.fake(inputs.fake_logits) + self.losses.real(inputs.real_logits)
        scores = {**scores_of("fake", inputs.fake_logits), **scores_of("real", inputs.real_logits)}
        result = PhaseResult(loss, {**scores, "Loss/D/loss": loss.detach()})
        return penalised(result, (method.discriminator_penalty(inputs) for method in self.methods))

    def _penalty_inputs(self, micro_batch: MicroBatch) -> DiscriminatorPenaltyInputs:
        with torch.no_grad():
            fake = self.generation.images(self.generation.latents(micro_batch.z, micro_batch.gen_c))
        fake_shown = self.augmented_discriminator.shown(fake, "fake-in-D")
        real = reals_of(self.methods, micro_batch, self.generation)
        real_shown = self.augmented_discriminator.shown(real, "real")
        fake_logits, real_logits = self.augmented_discriminator.scores_of_both(
            fake_shown, micro_batch.gen_c, real_shown, micro_batch.real_c
        )
        shown = (real_shown, fake_shown, real_logits, fake_logits)
        return DiscriminatorPenaltyInputs(
            micro_batch, self.generation, self.augmented_discriminator, real, fake, *shown
        )

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        self.generation.finish(sum_over_ranks)
        for method in self.methods:
            method.finish(sum_over_ranks)
