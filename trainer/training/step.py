"""One iteration: all phases that are due, over this rank's micro-batches, then the EMA and the controllers."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.augment.augmenter import Augmenter, LeakRisk
from trainer.config.train import TrainConfig
from trainer.objectives.method import Event, IterationContext, Method
from trainer.objectives.phases import MicroBatch, NetworkName, Phase, Stats, complete_gradients, is_due
from trainer.runtime.randomness import seed_everything
from trainer.runtime.world import World
from trainer.state.train_state import TrainState
from trainer.training.batches import Batches, RealBatch
from trainer.training.ema import move_average
from trainer.training.schedules import ema_decay

NONFINITE = "Gradients/nonfinite"
BROKEN = "Gradients/broken"


@dataclass
class Stepper:
    """Advances a TrainState by one iteration."""

    config: TrainConfig
    state: TrainState
    phases: Sequence[Phase]
    augmented_discriminator: AugmentedDiscriminator
    augmenter: Augmenter
    methods: Sequence[Method]
    batches: Batches
    world: World

    def __post_init__(self) -> None:
        networks: dict[NetworkName, nn.Module] = {"G": self.state.generator, "D": self.state.discriminator}
        self.trainable = {key: [p for p in net.parameters() if p.requires_grad] for key, net in networks.items()}
        self.optimizers: dict[NetworkName, torch.optim.Optimizer] = {
            "G": self.state.generator_optimizer,
            "D": self.state.discriminator_optimizer,
        }
        self.batch_schedule = self.config.batch_schedule
        self.observed: list[Stats] = []
        self.events: list[Event] = []

    @property
    def iteration(self) -> int:
        return self.batch_schedule.iteration(self.state.images)

    @property
    def batch(self) -> int:
        """Return the batch of the next iteration."""
        return self.batch_schedule.batch(self.state.images)

    @property
    def last_batch(self) -> int:
        """Return the batch of the last iteration."""
        return self.state.images - self.batch_schedule.before(self.state.images)

    def step(self) -> LeakRisk | None:
        """Train on one global batch and advance the image counter; return a leak risk if it is new."""
        batch = self.batch
        self._begin()
        reals = self._real_micro_batches()
        for phase in self.phases:
            if is_due(phase, self.iteration):
                self._run_phase(phase, reals)
        self.state.generator.advance()
        self.state.discriminator.advance()
        decay = ema_decay(self.config.ema, batch, self.state.images)
        move_average(self.state.average, self.state.generator, decay)
        self._score_validation_images()
        self._gather_statistics()
        self.state.images += batch
        for method in self.methods:
            method.step(self.iteration, batch)
        return self.augmenter.step(self.iteration, batch)

    def _begin(self) -> None:
        images = self.state.images
        before = self.batch_schedule.held(self.batch_schedule.before(images)) if images else None
        context = IterationContext(self.batch_schedule.held(images), before, self.optimizers)
        events = (method.begin(context) for method in self.methods)
        self.events += [event for event in events if event is not None]

    def _real_micro_batches(self) -> dict[int, RealBatch]:
        indices = self.batches.indices(self.batch)
        return {
            index: self._loaded(self.batches.reals(indices[index])) for index in self.world.micro_batches(len(indices))
        }

    def _loaded(self, reals: RealBatch) -> RealBatch:
        """Return real images transformed by every method in turn."""
        for method in self.methods:
            reals = reals._replace(pixels=method.loaded(reals.pixels))
        return reals

    def _run_phase(self, phase: Phase, reals: dict[int, RealBatch]) -> None:
        parameters = self.trainable[phase.network]
        for key, group in self.trainable.items():
            for parameter in group:
                parameter.requires_grad_(key == phase.network)
                parameter.grad = None
        count = self.batch // self.config.micro_batch
        for index, real in reals.items():
            seed_everything(self.config.seed, phase.name, self.state.images, index)
            result = phase.loss(MicroBatch(*real, *self.batches.latents(phase.name, self.iteration, index)))
            (result.loss.mean() * (phase.gain / count)).backward()
            self.observed.append(result.stats)
        phase.finish(self.world.sum)
        complete_gradients(parameters)
        self._descend(phase, parameters)

    def _gather_statistics(self) -> None:
        observed = self.observed
        if self.world.size > 1:
            observed = [{name: values.detach().cpu() for name, values in stats.items()} for stats in observed]
        for stats in self.world.gather(observed):
            self.state.sums.add(stats)
            self.augmenter.observe(stats)
            for method in self.methods:
                method.observe(stats)
        self.observed.clear()

    def _descend(self, phase: Phase, parameters: list[nn.Parameter]) -> None:
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        self.world.sum_(gradients)
        norm = torch.stack(torch._foreach_norm(gradients)).norm()
        broken = not torch.isfinite(norm)
        self._observe_once({f"Gradients/{phase.name}": norm, BROKEN: torch.tensor(float(broken))})
        if broken:
            self._repair(gradients)
        self.optimizers[phase.network].step()

    def _observe_once(self, stats: Stats) -> None:
        """Observe statistics that are equal on all ranks."""
        if self.world.is_main:
            self.observed.append(stats)

    def _repair(self, gradients: list[Tensor]) -> None:
        """Count and replace non-finite values: NaN becomes 0, infinities +-1e5."""
        bad = sum(int((~torch.isfinite(gradient)).sum()) for gradient in gradients)
        self._observe_once({NONFINITE: torch.tensor(float(bad))})
        for gradient in gradients:
            torch.nan_to_num(gradient, nan=0, posinf=1e5, neginf=-1e5, out=gradient)

    @torch.no_grad()
    def _score_validation_images(self) -> None:
        """Score a batch of validation images for r_v, one micro-batch where the logits are only recorded."""
        if not self.batches.has_validation:
            return
        parts = self.batch // self.config.micro_batch if self.config.follows_validation else 1
        for part in self.world.micro_batches(parts):
            place = (part,) if part else ()
            seed_everything(self.config.seed, "validation", self.state.images, *place)
            logits = self.augmented_discriminator.logits(*self._loaded(self.batches.validation()), "real")
            self.observed.append({"Loss/scores/validation": logits})
