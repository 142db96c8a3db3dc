"""The ranks that share the batches of a trial. A single process is a world of one, with the same interface."""

import os
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
import torch.distributed as dist
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from trainer.errors import ExitCode, UserError
from trainer.runtime.failures import PeerLost, failure_of
from trainer.runtime.ranks import Place

T = TypeVar("T")

MEETING = timedelta(minutes=3)
"""How long ranks wait for each other at the start."""

PATIENCE = timedelta(minutes=60)
"""How long ranks wait for the first one, which computes metrics alone. A dead rank is noticed at once."""

FAILURE_KEY = "failure"
CPU = torch.device("cpu")


@runtime_checkable
class KeyValueStore(Protocol):
    """The key-value store shared by all ranks (a torch.distributed.Store)."""

    def set(self, key: str, value: str) -> None: ...

    def get(self, key: str) -> bytes: ...

    def check(self, keys: list[str]) -> bool: ...


@dataclass(frozen=True)
class World:
    """The rank of this process among `size` ranks, and its device."""

    rank: int = 0
    size: int = 1
    device: torch.device = CPU
    store: KeyValueStore | None = None

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def micro_batches(self, count: int) -> range:
        """Return this rank's micro-batches of a global batch: every `size`-th of `count`."""
        return range(self.rank, count, self.size)

    def sum_(self, tensors: Sequence[Shaped[Tensor, "..."]]) -> None:
        """Replace each tensor by its sum over all ranks, in one all-reduce."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        with self._collective():
            dist.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def sum(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the sum of `tensor` over all ranks."""
        total = tensor.clone()
        self.sum_([total])
        return total

    def total(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the sum over all ranks; gradients of all of them flow back to each."""
        summed: Tensor = _Total.apply(tensor, self)  # type: ignore[no-untyped-call]
        return summed

    def gather(self, items: list[T]) -> list[T]:
        """Return the items of all ranks in rank order, on every rank."""
        if self.size == 1:
            return items
        lists: list[list[T]] = [[] for _ in range(self.size)]
        with self._collective():
            dist.all_gather_object(lists, items)
        return [item for part in lists for item in part]

    def any(self, flag: bool) -> bool:
        """Return, on every rank, whether `flag` is set on any rank."""
        total = torch.tensor([float(flag)], device=self.device)
        self.sum_([total])
        return bool(total.item())

    @contextmanager
    def _collective(self) -> Iterator[None]:
        """Raise PeerLost if a collective operation in the block fails."""
        try:
            yield
        except RuntimeError as error:
            raise PeerLost(*self._peer_failure()) from error

    def _peer_failure(self) -> tuple[int, str]:
        """Return the exit code and message of the rank that failed, if it could report them."""
        try:
            if self.store is not None and self.store.check([FAILURE_KEY]):
                code, _, text = self.store.get(FAILURE_KEY).decode().partition(" ")
                return int(code), text
        except RuntimeError:
            pass
        return ExitCode.BUG, "another process of this run vanished; see its output"

    def report_failure(self, error: Exception) -> None:
        """Report to the other ranks why this one fails."""
        if self.store is None or isinstance(error, PeerLost):
            return
        failure = failure_of(error)
        self.store.set(FAILURE_KEY, f"{failure.exit_code} process {self.rank} of {self.size} failed: {failure.message}")


class _Total(torch.autograd.Function):
    """The sum over all ranks. The loss is the sum of theirs, so that the gradient is such a sum, too."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, world: World) -> Tensor:
        ctx.world = world
        return world.sum(tensor)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.world.total(gradients[0]), None


@contextmanager
def joined(place: Place, micro_batches: int) -> Iterator[World]:
    """Join the other ranks and yield their world; leave it at the end, reporting a failure.

    Raises UserError if the ranks cannot evenly divide `micro_batches`, or do not all join.
    """
    if micro_batches % place.size:
        raise UserError(
            "WORLD_SIZE",
            f"{place.size} processes cannot evenly divide {micro_batches} micro-batches",
            f"use a divisor of {micro_batches}",
        )
    device = device_of(place)
    if place.size == 1:
        yield World(device=device)
        return
    world = World(place.rank, place.size, device, _rendezvous(place))
    try:
        yield world
    except Exception as error:
        world.report_failure(error)
        raise
    finally:
        dist.destroy_process_group()


def device_of(place: Place) -> torch.device:
    """Return the device of a rank and make it current: its own GPU if there is any, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", place.local_rank % torch.cuda.device_count())
    torch.cuda.set_device(device)
    return device


def _rendezvous(place: Place, environment: MutableMapping[str, str] = os.environ) -> KeyValueStore:
    environment.update(place.environment())
    try:
        store, *_ = next(rendezvous("env://", timeout=MEETING))
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        dist.init_process_group(backend, store=store, rank=place.rank, world_size=place.size, timeout=PATIENCE)
    except RuntimeError as error:
        raise UserError(
            f"{place.address}:{place.port}",
            f"process {place.rank} of {place.size} could not join the others within {MEETING} ({error})",
            "start all of them (torchrun, srun, --ranks), with the same MASTER_ADDR and MASTER_PORT",
        ) from error
    shared: KeyValueStore = store
    return shared
