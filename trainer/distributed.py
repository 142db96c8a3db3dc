"""The ranks that share one trial's batches. A single process is a world of one, by the same interface."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from trainer.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """This process's place among `size` ranks."""

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def shards(self, count: int) -> range:
        """Return the shards of a global batch that are this rank's: every `size`-th of `count`."""
        return range(self.rank, count, self.size)

    def sum_(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all ranks, in one message."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def sum(self, tensor: Tensor) -> Tensor:
        """Return the sum of `tensor` over all ranks."""
        total = tensor.clone()
        self.sum_([total])
        return total

    def gather(self, items: list[T]) -> list[T]:
        """Return the items of all ranks, in the order of ranks; every rank gets the same list."""
        if self.size == 1:
            return items
        lists: list[list[T]] = [[] for _ in range(self.size)]
        dist.all_gather_object(lists, items)
        return [item for part in lists for item in part]

    def any(self, flag: bool) -> bool:
        """Return whether `flag` is set on any rank; every rank gets the same answer."""
        total = torch.tensor([float(flag)])
        self.sum_([total])
        return bool(total.item())

    def wait(self) -> None:
        """Return when every rank has come here."""
        if self.size > 1:
            dist.barrier()


def join_world(shards: int) -> World:
    """Join the process group that torchrun's (or SLURM's) environment describes.

    Raises UserError where the ranks cannot share out `shards` micro-batches evenly.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if shards % size:
        raise UserError(
            "WORLD_SIZE", f"{size} processes cannot share {shards} micro-batches", f"use a divisor of {shards}"
        )
    if size == 1:
        return World()
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return World(dist.get_rank(), size)


def leave_world(world: World) -> None:
    """Leave the process group, if there is one."""
    if world.size > 1:
        dist.destroy_process_group()
