"""Shares of an iteration, from torch's profiler: convolutions, other work of the device, and waiting for the host."""

from typing import Any, Protocol

from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu.accelerator import Accelerator, Work

DENSE, OTHER, GAPS = "convolutions and matrix products", "other work of the device", "waiting for the host"
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::mkldnn_linear")


class Runnable(Protocol):
    """An iteration."""

    @property
    def run(self) -> Work: ...


def shares(accelerator: Accelerator, iteration: Runnable) -> dict[str, float]:
    """Return the shares of one run of every phase; the time beside the device's work is the host's.

    The run is timed without the profiler, whose own time would count as waiting.
    """
    iteration.run()
    whole = accelerator.milliseconds(iteration.run)
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if accelerator.is_gpu else [])]
    with profile(activities=activities) as profiler:
        accelerator.milliseconds(iteration.run)
    events = profiler.key_averages()
    dense = sum(_attributed(event, accelerator) for event in events if is_dense(event.key))
    busy = sum(_busy(event, accelerator) for event in events)
    whole = max(whole, busy)
    return {DENSE: dense / whole, OTHER: (busy - dense) / whole, GAPS: 1 - busy / whole}


def is_dense(name: str) -> bool:
    """Return whether an operation of torch is a convolution or a matrix product."""
    return name.startswith("aten::") and ("conv" in name or name in PRODUCTS)


def _attributed(event: Any, accelerator: Accelerator) -> float:
    """Return the milliseconds of an operation itself: on a GPU those of the kernels that it has started."""
    return float(event.self_device_time_total if accelerator.is_gpu else event.self_cpu_time_total) / 1000


def _busy(event: Any, accelerator: Accelerator) -> float:
    """Return the milliseconds in which the device works: kernels on a GPU, operations of torch and ours on a CPU."""
    if accelerator.is_gpu:
        is_kernel = str(event.device_type).endswith("CUDA")
        return float(event.self_device_time_total) / 1000 if is_kernel else 0.0
    return _attributed(event, accelerator) if event.key.startswith("aten::") else 0.0
