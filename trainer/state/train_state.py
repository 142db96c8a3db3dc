"""TrainState: the whole state of a run as one flat mapping of tensors, so that saving and resuming are exact.

Sampler, schedules, phase counters and randomness are functions of `images` and the seed, and are not saved.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from trainer.model.network import DiscriminatorNetwork, GeneratorNetwork
from trainer.recording.telemetry import TickSums

Tensors = dict[str, Tensor]


@runtime_checkable
class Stateful(Protocol):
    """A part of a run with saved tensors."""

    def state_dict(self) -> Mapping[str, Tensor]: ...

    def load_state_dict(self, tensors: Mapping[str, Tensor], /) -> object: ...


@dataclass
class TrainState:
    """The networks, their optimizers, and the state of objective, augmentation, methods and telemetry."""

    generator: GeneratorNetwork
    discriminator: DiscriminatorNetwork
    average: GeneratorNetwork
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    parts: dict[str, Stateful]
    images: int = 0
    sums: TickSums = field(default_factory=TickSums)

    def _stateful(self) -> Iterator[tuple[str, Stateful]]:
        yield "G", self.generator
        yield "D", self.discriminator
        yield "G_ema", self.average
        yield from self.parts.items()
        yield "sums", self.sums

    def to_tensors(self) -> Tensors:
        """Return every tensor of the run by a unique name."""
        tensors = {"images": torch.tensor(self.images)}
        for prefix, part in self._stateful():
            tensors |= {f"{prefix}/{name}": value.detach().clone() for name, value in part.state_dict().items()}
        tensors |= optimizer_tensors("G_optimizer", self.generator, self.generator_optimizer)
        tensors |= optimizer_tensors("D_optimizer", self.discriminator, self.discriminator_optimizer)
        return tensors

    def load_tensors(self, tensors: Tensors) -> None:
        """Restore what `to_tensors` returned, with names and shapes checked."""
        self.images = int(tensors["images"].item())
        for prefix, part in self._stateful():
            part.load_state_dict(below(tensors, prefix))
        load_optimizer("G_optimizer", self.generator, self.generator_optimizer, tensors)
        load_optimizer("D_optimizer", self.discriminator, self.discriminator_optimizer, tensors)


def below(tensors: Mapping[str, Tensor], prefix: str) -> Tensors:
    """Return the entries under `prefix/`, without the prefix."""
    return {name.removeprefix(prefix + "/"): value for name, value in tensors.items() if name.startswith(prefix + "/")}


def optimizer_tensors(prefix: str, network: nn.Module, optimizer: torch.optim.Optimizer) -> Tensors:
    """Return Adam's moments and step counters by parameter name."""
    return {
        f"{prefix}/{name}/{key}": torch.as_tensor(value).detach().clone()
        for name, parameter in network.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def load_optimizer(prefix: str, network: nn.Module, optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Restore Adam's moments and step counters."""
    for name, parameter in network.named_parameters():
        saved = below(tensors, f"{prefix}/{name}")
        if saved:
            optimizer.state[parameter] = {key: value.to(parameter.device, copy=True) for key, value in saved.items()}
