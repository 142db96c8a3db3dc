"""The device under test: its name, its clock and its memory."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch

from trainer.ops.choice import native
from trainer.ops.kernels import Kernels
from trainer.runtime.processor import processor

Work = Callable[[], Any]
DeviceKind = Literal["cuda", "cpu"]


@dataclass(frozen=True)
class Accelerator:
    """The first GPU, or the CPU."""

    kind: DeviceKind

    @property
    def device(self) -> torch.device:
        return torch.device(self.kind)

    @property
    def is_gpu(self) -> bool:
        return self.kind == "cuda"

    @property
    def name(self) -> str:
        return torch.cuda.get_device_name() if self.is_gpu else processor()

    @property
    def count(self) -> int:
        """Return how many such devices there are; a CPU can run any number of ranks."""
        return torch.cuda.device_count() if self.is_gpu else 2

    def native(self) -> Kernels:
        """Return the compiled operations of this kind of device."""
        return native(self.kind)

    def milliseconds(self, work: Work) -> float:
        """Return the time of `work` by the device's clock: events on a GPU, wall-clock time on a CPU."""
        if not self.is_gpu:
            started = time.perf_counter()
            work()
            return 1000 * (time.perf_counter() - started)
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        return float(start.elapsed_time(end))

    def peak_gib(self, work: Work) -> float | None:
        """Return the most memory that tensors took during `work`; None on a CPU, where torch does not count it."""
        if not self.is_gpu:
            work()
            return None
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_allocated() / 2**30

    def medians(self, works: Mapping[str, Work], rounds: int) -> dict[str, float]:
        """Return the median milliseconds of each work, taking turns, after one round of warming up."""
        taken: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(rounds + 1):
            for name, work in works.items():
                taken[name].append(self.milliseconds(work))
        return {name: statistics.median(times[1:]) for name, times in taken.items()}


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Allow or forbid TF32 in matrix products and convolutions; without effect on a CPU."""
    backends: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = allowed
    try:
        yield
    finally:
        for backend, was in zip(backends, before, strict=True):
            backend.allow_tf32 = was
