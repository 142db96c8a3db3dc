"""The phases of a training iteration, each of which trains one network on every micro-batch.

The loop, for every phase that is due:

    only the parameters of phase.network require gradients
    for micro_batch in micro_batches:
        (phase.loss(micro_batch).loss.mean() * phase.gain / len(micro_batches)).backward()
    phase.finish(sum_over_ranks)       # once: moving averages over all micro-batches
    complete_gradients(parameters)     # missing gradients become zero, so that Adam decays its moments
    one step of Adam

Methods add terms to the loss of a phase, see `trainer/objectives/method.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

NetworkName = Literal["G", "D"]
SumOverRanks = Callable[[Tensor], Tensor]
Stats = dict[str, Tensor]


class MicroBatch(NamedTuple):
    """The inputs of a phase: real images in [-1, 1], and latents and conditions of generated ones."""

    real: Float[Tensor, "m c h w"]
    real_c: Float[Tensor, "m cdim"]
    z: Float[Tensor, "m zdim"]
    gen_c: Float[Tensor, "m cdim"]


class PhaseResult(NamedTuple):
    """Loss per sample, without the phase's gain, and detached statistics per sample, by name."""

    loss: Float[Tensor, " n"]
    stats: Stats


class Phase(ABC):
    """One kind of training step. It runs every `interval` iterations, and its loss is multiplied by `gain`."""

    name: ClassVar[str]
    network: ClassVar[NetworkName]
    interval: int = 1

    @property
    def gain(self) -> float:
        """Return the factor of the loss that compensates for skipped iterations."""
        return float(self.interval)

    @abstractmethod
    def loss(self, micro_batch: MicroBatch) -> PhaseResult:
        """Return the loss of one micro-batch; the caller differentiates it."""

    @abstractmethod
    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        """Update moving averages over the whole batch, after all micro-batches."""


class Joined(Phase):
    """A main phase and its regulariser in one step, if regularisation is not lazy."""

    def __init__(self, main: Phase, regularizer: Phase) -> None:
        self.name, self.network = main.name, main.network  # type: ignore[misc]
        self.interval = main.interval
        self.parts = (main, regularizer)

    @property
    def gain(self) -> float:
        return self.parts[0].gain

    def loss(self, micro_batch: MicroBatch) -> PhaseResult:
        results = [part.loss(micro_batch) for part in self.parts]
        loss = torch.stack([result.loss.mean() for result in results]).sum(dim=0, keepdim=True)
        return PhaseResult(loss, {name: value for result in results for name, value in result.stats.items()})

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        for part in self.parts:
            part.finish(sum_over_ranks)


def is_due(phase: Phase, iteration: int) -> bool:
    """Return whether `phase` runs in `iteration`, counted from 0."""
    return iteration % phase.interval == 0


def complete_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Set the gradient of every parameter that has none to zero."""
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)


class MicroBatchMean:
    """The mean over all micro-batches of all ranks, for a moving average that is updated once per phase."""

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._count = 0

    def __bool__(self) -> bool:
        """Return whether a micro-batch has added anything."""
        return self._count > 0

    def add(self, value: Float[Tensor, "*shape"]) -> None:
        """Add the value of one micro-batch."""
        self._sum = value.detach() if self._sum is None else self._sum + value.detach()
        self._count += 1

    def take(self, sum_over_ranks: SumOverRanks) -> Float[Tensor, "*shape"]:
        """Return the mean, and reset."""
        if self._sum is None:
            raise LookupError("no micro-batch has added a value")
        total, count = self._sum, torch.tensor(float(self._count), device=self._sum.device)
        self._sum, self._count = None, 0
        return sum_over_ranks(total) / sum_over_ranks(count)
