"""The two phases every adversarial objective has, for any pair of losses: Gmain and Dmain."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.critic import Critic
from trainer.objectives.generation import Generation
from trainer.objectives.method import DiscriminatorScene, GeneratorScene, Method, penalised, reals_of
from trainer.objectives.phases import Phase, PhaseResult, Shard, Stats, SumOverRanks

Loss = Callable[[Tensor], Tensor]


class Adversarial(NamedTuple):
    """Losses [n] of logits [n 1]: of generated images when G is trained, of generated and of real ones when D is."""

    generator: Loss
    fake: Loss
    real: Loss


def scores_of(kind: str, logits: Float[Tensor, "n 1"]) -> Stats:
    """Return the statistics that are kept of logits."""
    logits = logits.detach().squeeze(1)
    return {f"Loss/scores/{kind}": logits, f"Loss/signs/{kind}": logits.sign()}


class GeneratorMain(Phase):
    """Gmain: the generator's loss of D(A G(z)), and penalties. It runs once for every `interval` steps of D."""

    name, network = "Gmain", "G"

    def __init__(
        self,
        generation: Generation,
        critic: Critic,
        losses: Adversarial,
        methods: Sequence[Method] = (),
        interval: int = 1,
    ) -> None:
        self.generation, self.critic, self.losses, self.methods = generation, critic, losses, methods
        self.interval = interval

    @property
    def gain(self) -> float:
        return 1.0

    def loss(self, shard: Shard) -> PhaseResult:
        images = self.generation.images(self.generation.latents(shard.z, shard.gen_c))
        logits = self.critic.logits(images, shard.gen_c, "fake-in-G")
        loss = self.losses.generator(logits)
        result = PhaseResult(loss, {**scores_of("fake", logits), "Loss/G/loss": loss.detach()})
        scene = GeneratorScene(shard, self.generation, self.critic, images, logits)
        return penalised(result, (method.generator_penalty(scene) for method in self.methods))

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        self.generation.finish(sum_over_ranks)


class DiscriminatorMain(Phase):
    """Dmain: the discriminator's losses of D(A G(z)) and D(A x), and penalties."""

    name, network = "Dmain", "D"

    def __init__(
        self, generation: Generation, critic: Critic, losses: Adversarial, methods: Sequence[Method] = ()
    ) -> None:
        self.generation, self.critic, self.losses, self.methods = generation, critic, losses, methods

    def loss(self, shard: Shard) -> PhaseResult:
        scene = self._scene(shard)
        loss = self.losses.fake(scene.fake_logits) + self.losses.real(scene.real_logits)
        scores = {**scores_of("fake", scene.fake_logits), **scores_of("real", scene.real_logits)}
        result = PhaseResult(loss, {**scores, "Loss/D/loss": loss.detach()})
        return penalised(result, (method.discriminator_penalty(scene) for method in self.methods))

    def _scene(self, shard: Shard) -> DiscriminatorScene:
        with torch.no_grad():
            fake = self.generation.images(self.generation.latents(shard.z, shard.gen_c))
        fake_shown = self.critic.shown(fake, "fake-in-D")
        real = reals_of(self.methods, shard, self.generation)
        real_shown = self.critic.shown(real, "real")
        fake_logits, real_logits = self.critic.scores_of_both(fake_shown, shard.gen_c, real_shown, shard.real_c)
        shown = (real_shown, fake_shown, real_logits, fake_logits)
        return DiscriminatorScene(shard, self.generation, self.critic, real, fake, *shown)

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        self.generation.finish(sum_over_ranks)
        for method in self.methods:
            method.finish(sum_over_ranks)
