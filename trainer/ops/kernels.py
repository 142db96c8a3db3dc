"""The implementation of the operations in this process, chosen before anything is computed."""

from collections.abc import Iterator
from contextlib import contextmanager

from trainer.ops.interface import Kernels as Kernels
from trainer.ops.reference import ReferenceKernels


class _Process:
    """The process-wide choice."""

    kernels: Kernels = ReferenceKernels()


def kernels() -> Kernels:
    """Return the implementation in use."""
    return _Process.kernels


def use(chosen: Kernels) -> None:
    """Select `chosen` for this process."""
    _Process.kernels = chosen


@contextmanager
def using(chosen: Kernels) -> Iterator[Kernels]:
    """Use `chosen` within the context."""
    before = kernels()
    use(chosen)
    try:
        yield chosen
    finally:
        use(before)
