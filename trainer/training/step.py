"""One iteration: every phase that is due, over this rank's shards of the batch, then the average and the controller."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainer.augment.augmenter import Augmenter, LeakRisk
from trainer.augment.critic import Critic
from trainer.config.train import TrainConfig
from trainer.objectives.method import Event, Method, Moment
from trainer.objectives.phases import NetworkName, Phase, Shard, complete_gradients, is_due
from trainer.runtime.randomness import seed_everything
from trainer.runtime.world import World
from trainer.state.train_state import TrainState
from trainer.training.batches import Batches, Reals
from trainer.training.ema import move_average
from trainer.training.schedules import kept_by_average

Stats = dict[str, Tensor]

NONFINITE = "Gradients/nonfinite"
BROKEN = "Gradients/broken"


@dataclass
class Stepper:
    """Carries a TrainState from one iteration to the next."""

    config: TrainConfig
    state: TrainState
    phases: Sequence[Phase]
    critic: Critic
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
        self.pace = self.config.pace
        self.observed: list[Stats] = []
        self.events: list[Event] = []

    @property
    def iteration(self) -> int:
        return self.pace.iteration(self.state.images)

    @property
    def batch(self) -> int:
        """Return the size of the iteration that comes next."""
        return self.pace.batch(self.state.images)

    @property
    def last_batch(self) -> int:
        """Return the size of the iteration that came last."""
        return self.state.images - self.pace.before(self.state.images)

    def step(self) -> LeakRisk | None:
        """Show one global batch to the networks and advance the image counter; return a leak risk that is new."""
        batch = self.batch
        self._begin()
        reals = self._real_shards()
        for phase in self.phases:
            if is_due(phase, self.iteration):
                self._run_phase(phase, reals)
        self.state.generator.advance()
        self.state.discriminator.advance()
        kept = kept_by_average(self.config.ema, batch, self.state.images)
        move_average(self.state.average, self.state.generator, kept)
        self._look_at_validation_images()
        self._take_in_what_all_ranks_saw()
        self.state.images += batch
        for method in self.methods:
            method.step(self.iteration, batch)
        return self.augmenter.step(self.iteration, batch)

    def _begin(self) -> None:
        images = self.state.images
        before = self.pace.held(self.pace.before(images)) if images else None
        moment = Moment(self.pace.held(images), before, self.optimizers)
        events = (method.begin(moment) for method in self.methods)
        self.events += [event for event in events if event is not None]

    def _real_shards(self) -> dict[int, Reals]:
        indices = self.batches.indices(self.batch)
        return {shard: self._seen(self.batches.reals(indices[shard])) for shard in self.world.shards(len(indices))}

    def _seen(self, reals: Reals) -> Reals:
        """Return real images after every method has had them."""
        for method in self.methods:
            reals = reals._replace(pixels=method.loaded(reals.pixels))
        return reals

    def _run_phase(self, phase: Phase, reals: dict[int, Reals]) -> None:
        parameters = self.trainable[phase.network]
        for key, group in self.trainable.items():
            for parameter in group:
                parameter.requires_grad_(key == phase.network)
                parameter.grad = None
        count = self.batch // self.config.micro_batch
        for shard, real in reals.items():
            seed_everything(self.config.seed, phase.name, self.state.images, shard)
            result = phase.loss(Shard(*real, *self.batches.latents(phase.name, self.iteration, shard)))
            (result.loss.mean() * (phase.gain / count)).backward()
            self.observed.append(result.stats)
        phase.finish(self.world.sum)
        complete_gradients(parameters)
        self._descend(phase, parameters)

    def _take_in_what_all_ranks_saw(self) -> None:
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
        self._see_once({f"Gradients/{phase.name}": norm, BROKEN: torch.tensor(float(broken))})
        if broken:
            self._repair(gradients)
        self.optimizers[phase.network].step()

    def _see_once(self, stats: Stats) -> None:
        """Observe what is the same on all ranks."""
        if self.world.is_main:
            self.observed.append(stats)

    def _repair(self, gradients: list[Tensor]) -> None:
        """Count what is not finite, and train on: NaN becomes 0, infinities +-1e5."""
        bad = sum(int((~torch.isfinite(gradient)).sum()) for gradient in gradients)
        self._see_once({NONFINITE: torch.tensor(float(bad))})
        for gradient in gradients:
            torch.nan_to_num(gradient, nan=0, posinf=1e5, neginf=-1e5, out=gradient)

    @torch.no_grad()
    def _look_at_validation_images(self) -> None:
        if not self.batches.has_validation or not self.world.is_main:
            return
        seed_everything(self.config.seed, "validation", self.state.images)
        logits = self.critic.logits(*self._seen(self.batches.validation()), "real")
        self.observed.append({"Loss/scores/validation": logits})
