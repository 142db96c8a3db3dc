"""The objective of StyleGAN2: phases Gmain, Greg, Dmain, Dreg (Karras et al. 2020b, App. B: lazy regularisation).

    objective = build(config.objective, generator, discriminator, augment_images, intervals)
    objective.phases               # in the order in which an iteration runs them
    objective.state_dict()         # plain tensors: the moving mean of path lengths

`augment_images(x) -> x` is applied to every image the discriminator sees; R1 is the gradient with respect to the image
before it. `intervals` are the lazy ones of both optimizers (`regularize_every`).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from trainer import losses
from trainer.config.training import Logistic
from trainer.families import implements
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.model.precision import regularize_in_full_precision
from trainer.model.synthesis import NoiseMode
from trainer.objectives.generation import Generation
from trainer.objectives.phases import Phase, PhaseResult, Shard, ShardMean, Stats, SumOverRanks

AugmentImages = Callable[[Tensor], Tensor]


class Intervals(NamedTuple):
    """Every how many iterations each network is regularised."""

    generator: int
    discriminator: int


class Critic(NamedTuple):
    """The discriminator behind the augmentation."""

    discriminator: Discriminator
    augment_images: AugmentImages

    def logits(
        self, images: Float[Tensor, "n c h w"], c: Float[Tensor, "n cdim"], force_fp32: bool = False
    ) -> Float[Tensor, "n 1"]:
        """Return D(A(x), c)."""
        logits: Tensor = self.discriminator(self.augment_images(images), c, force_fp32)
        return logits


def _scores(kind: str, logits: Float[Tensor, "n 1"]) -> Stats:
    logits = logits.detach().squeeze(1)
    return {f"Loss/scores/{kind}": logits, f"Loss/signs/{kind}": logits.sign()}


class GeneratorMain(Phase):
    """Gmain: f(-D(A G(z)))."""

    name, network = "Gmain", "G"

    def __init__(self, generation: Generation, critic: Critic) -> None:
        self.generation, self.critic = generation, critic

    def loss(self, shard: Shard) -> PhaseResult:
        images = self.generation.images(self.generation.latents(shard.z, shard.gen_c))
        logits = self.critic.logits(images, shard.gen_c)
        loss = losses.generator_logistic(logits)
        return PhaseResult(loss, {**_scores("fake", logits), "Loss/G/loss": loss.detach()})

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        self.generation.finish(sum_over_ranks)


class PathLength(Phase):
    """Greg: weight * (||J_w^T y|| - a)^2 on the first `batch / shrink` samples.

    Every shard moves the moving mean a by its own lengths, in the graph; what is kept moves by those of all shards.
    """

    name, network = "Greg", "G"

    def __init__(self, generation: Generation, spec: Logistic, interval: int) -> None:
        self.generation, self.spec, self.interval = generation, spec, interval
        self.mean = torch.zeros([], device=generation.generator.mapping.w_avg.device)
        self.noise = losses.image_noise
        self.force_fp32 = regularize_in_full_precision(generation.generator.spec.precision)
        self._mean_length = ShardMean()

    def loss(self, shard: Shard) -> PhaseResult:
        count = max(len(shard.z) // self.spec.path_length_batch_shrink, 1)
        ws = self.generation.latents(shard.z[:count], shard.gen_c[:count])
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


class DiscriminatorMain(Phase):
    """Dmain: f(D(A G(z))) + f(-D(A x))."""

    name, network = "Dmain", "D"

    def __init__(self, generation: Generation, critic: Critic) -> None:
        self.generation, self.critic = generation, critic

    def loss(self, shard: Shard) -> PhaseResult:
        with torch.no_grad():
            images = self.generation.images(self.generation.latents(shard.z, shard.gen_c))
        fake = self.critic.logits(images, shard.gen_c)
        real = self.critic.logits(shard.real, shard.real_c)
        loss = losses.fake_logistic(fake) + losses.real_logistic(real)
        return PhaseResult(loss, {**_scores("fake", fake), **_scores("real", real), "Loss/D/loss": loss.detach()})

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        self.generation.finish(sum_over_ranks)


class DiscriminatorR1(Phase):
    """Dreg: gamma/2 * ||grad_x D(A x)||^2, x the image before augmentation."""

    name, network = "Dreg", "D"

    def __init__(self, critic: Critic, gamma: float, interval: int) -> None:
        self.critic, self.gamma, self.interval = critic, gamma, interval
        self.force_fp32 = regularize_in_full_precision(critic.discriminator.spec.precision)

    def loss(self, shard: Shard) -> PhaseResult:
        images = shard.real.detach().requires_grad_(True)
        logits = self.critic.logits(images, shard.real_c, self.force_fp32)
        penalty = losses.r1_penalty(logits, images)
        loss = penalty * (self.gamma / 2)
        stats = {**_scores("real", logits), "Loss/r1_penalty": penalty.detach(), "Loss/D/reg": loss.detach()}
        return PhaseResult(loss, stats)

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        """Nothing is averaged over the batch."""


@implements(Logistic)
class LogisticObjective:
    """The phases of one iteration, and the moving mean of path lengths they share with the next one."""

    def __init__(
        self,
        spec: Logistic,
        generator: Generator,
        discriminator: Discriminator,
        augment_images: AugmentImages,
        intervals: Intervals,
        noise_mode: NoiseMode = "random",
    ) -> None:
        generation = Generation(generator, spec.style_mixing, noise_mode)
        critic = Critic(discriminator, augment_images)
        self.discriminator = discriminator
        self.path_length = PathLength(generation, spec, intervals.generator)
        phases: list[Phase] = [GeneratorMain(generation, critic)]
        if spec.path_length_weight:
            phases.append(self.path_length)
        phases.append(DiscriminatorMain(generation, critic))
        if spec.r1_gamma:
            phases.append(DiscriminatorR1(critic, spec.r1_gamma, intervals.discriminator))
        self.phases = tuple(phases)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state an iteration hands on to the next."""
        return {"path_length_mean": self.path_length.mean.clone()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from `state`."""
        self.path_length.mean = state["path_length_mean"].to(self.path_length.mean.device).clone()
