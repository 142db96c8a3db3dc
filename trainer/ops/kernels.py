"""Which implementation of the operations this process uses: one choice, made before anything is computed."""

from collections.abc import Iterator
from contextlib import contextmanager

from trainer.ops.interface import Kernels as Kernels
from trainer.ops.reference import ReferenceKernels


class _Process:
    """The choice of this process."""

    kernels: Kernels = ReferenceKernels()


def kernels() -> Kernels:
    """Return the implementation in use."""
    return _Process.kernels


def use(chosen: Kernels) -> None:
    """Use `chosen` from now on."""
    _Process.kernels = chosen


@contextmanager
def using(chosen: Kernels) -> Iterator[Kernels]:
    """Use `chosen` inside."""
    before = kernels()
    use(chosen)
    try:
        yield chosen
    finally:
        use(before)
