"""The ranks that share one trial's batches. A single process is a world of one, by the same interface."""

import os
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar, runtime_checkable

import torch
import torch.distributed as dist
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from trainer.errors import UserError
from trainer.runtime.failures import PeerLost, failure_of
from trainer.runtime.ranks import Place

T = TypeVar("T")

MEETING = timedelta(minutes=3)
"""How long ranks wait for one another at the start."""

PATIENCE = timedelta(minutes=60)
"""How long ranks wait for the first one, which alone evaluates. A rank that dies is noticed at once."""

WORD = "failure"
CPU = torch.device("cpu")


@runtime_checkable
class KeyValueStore(Protocol):
    """The table of words that all ranks can read (a torch.distributed.Store)."""

    def set(self, key: str, value: str) -> None: ...

    def get(self, key: str) -> bytes: ...

    def check(self, keys: list[str]) -> bool: ...


@dataclass(frozen=True)
class World:
    """This process's place among `size` ranks, and the device it computes on."""

    rank: int = 0
    size: int = 1
    device: torch.device = CPU
    store: KeyValueStore | None = None

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def micro_batches(self, count: int) -> range:
        """Return the micro-batches of a global batch that are this rank's: every `size`-th of `count`."""
        return range(self.rank, count, self.size)

    def sum_(self, tensors: Sequence[Shaped[Tensor, "..."]]) -> None:
        """Replace each tensor by its sum over all ranks, in one message."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        with self._together():
            dist.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def sum(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the sum of `tensor` over all ranks."""
        total = tensor.clone()
        self.sum_([total])
        return total

    def gather(self, items: list[T]) -> list[T]:
        """Return the items of all ranks, in the order of ranks; every rank gets the same list."""
        if self.size == 1:
            return items
        lists: list[list[T]] = [[] for _ in range(self.size)]
        with self._together():
            dist.all_gather_object(lists, items)
        return [item for part in lists for item in part]

    def any(self, flag: bool) -> bool:
        """Return whether `flag` is set on any rank; every rank gets the same answer."""
        total = torch.tensor([float(flag)], device=self.device)
        self.sum_([total])
        return bool(total.item())

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Tell a rank that has gone from other failures of a collective operation."""
        try:
            yield
        except RuntimeError as error:
            raise PeerLost(*self._heard()) from error

    def _heard(self) -> tuple[int, str]:
        """Return the exit code and the last words of the rank that failed, as far as it could say them."""
        try:
            if self.store is not None and self.store.check([WORD]):
                code, _, text = self.store.get(WORD).decode().partition(" ")
                return int(code), text
        except RuntimeError:
            pass
        return 70, "another process of this run vanished; its own output says why, if it could"

    def tell(self, error: Exception) -> None:
        """Leave word for the other ranks of why this one fails."""
        if self.store is None or isinstance(error, PeerLost):
            return
        failure = failure_of(error)
        self.store.set(WORD, f"{failure.exit_code} process {self.rank} of {self.size} failed: {failure.message}")


@contextmanager
def joined(place: Place, micro_batches: int) -> Iterator[World]:
    """Meet the other ranks and yield the world they make; leave it at the end, with word of a failure.

    Raises UserError where the ranks cannot share out `micro_batches` micro-batches evenly, or do not all come.
    """
    if micro_batches % place.size:
        raise UserError(
            "WORLD_SIZE",
            f"{place.size} processes cannot share {micro_batches} micro-batches",
            f"use a divisor of {micro_batches}",
        )
    device = device_of(place)
    if place.size == 1:
        yield World(device=device)
        return
    world = World(place.rank, place.size, device, _meet(place))
    try:
        yield world
    except Exception as error:
        world.tell(error)
        raise
    finally:
        dist.destroy_process_group()


def device_of(place: Place) -> torch.device:
    """Return the device of a rank, made the current one: a GPU of its own where there are any, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", place.local_rank % torch.cuda.device_count())
    torch.cuda.set_device(device)
    return device


def _meet(place: Place, environment: MutableMapping[str, str] = os.environ) -> KeyValueStore:
    environment.update(place.environment())
    try:
        store, *_ = next(rendezvous("env://", timeout=MEETING))
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        dist.init_process_group(backend, store=store, rank=place.rank, world_size=place.size, timeout=PATIENCE)
    except RuntimeError as error:
        raise UserError(
            f"{place.address}:{place.port}",
            f"process {place.rank} of {place.size} did not meet the others within {MEETING} ({error})",
            "start them all (torchrun, srun, --ranks), with one MASTER_ADDR and MASTER_PORT",
        ) from error
    words: KeyValueStore = store
    return words
