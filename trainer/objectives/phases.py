"""What an iteration of training is made of: phases, each of which trains one network on every micro-batch.

The loop, for every phase that is due:

    only the parameters of phase.network ask for gradients
    for micro_batch in micro_batches:
        (phase.loss(micro_batch).loss.mean() * phase.gain / len(micro_batches)).backward()
    phase.finish(sum_over_ranks)       # once: moving averages that all micro-batches share
    complete_gradients(parameters)     # what the loss does not reach has gradient zero, so Adam decays its moments
    one step of Adam

A further method adds to the loss of a phase, see `trainer/objectives/method.py`.
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
    """What a phase sees of a batch: real images of [-1, 1] and the latents and conditions of generated ones."""

    real: Float[Tensor, "m c h w"]
    real_c: Float[Tensor, "m cdim"]
    z: Float[Tensor, "m zdim"]
    gen_c: Float[Tensor, "m cdim"]


class PhaseResult(NamedTuple):
    """Loss per sample, without the gain of the phase, and detached statistics per sample, by name."""

    loss: Float[Tensor, " n"]
    stats: Stats


class Phase(ABC):
    """One kind of step. It runs in every `interval`-th iteration and its loss counts `gain` = `interval` times."""

    name: ClassVar[str]
    network: ClassVar[NetworkName]
    interval: int = 1

    @property
    def gain(self) -> float:
        """Return the weight that makes up for the iterations in which the phase did not run."""
        return float(self.interval)

    @abstractmethod
    def loss(self, micro_batch: MicroBatch) -> PhaseResult:
        """Return the loss of one micro-batch, to be differentiated by the caller."""

    @abstractmethod
    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        """Move what is averaged over the whole batch, once all micro-batches have run."""


class Joined(Phase):
    """A main phase and its regulariser in one step, where regularisation is not lazy."""

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
    """Give gradient zero to every parameter that has none."""
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)


class MicroBatchMean:
    """The mean of what all micro-batches of all ranks add, for a moving average that is moved once per phase."""

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._count = 0

    def __bool__(self) -> bool:
        """Return whether a micro-batch has added anything."""
        return self._count > 0

    def add(self, value: Float[Tensor, "*shape"]) -> None:
        """Add what one micro-batch measured."""
        self._sum = value.detach() if self._sum is None else self._sum + value.detach()
        self._count += 1

    def take(self, sum_over_ranks: SumOverRanks) -> Float[Tensor, "*shape"]:
        """Return the mean and start anew."""
        if self._sum is None:
            raise LookupError("no micro-batch has added a value")
        total, count = self._sum, torch.tensor(float(self._count), device=self._sum.device)
        self._sum, self._count = None, 0
        return sum_over_ranks(total) / sum_over_ranks(count)
