"""The energy counter of a GPU against its power, integrated over the same work."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from benchmarks.gpu.accelerator import Work
from benchmarks.gpu.report import Row

TOLERANCE = 0.1
"""Largest difference between counter and integral, relative to the counter."""

SAMPLE_SECONDS = 0.02


class Instruments(NamedTuple):
    """A counter of joules, and the present power in watts."""

    joules: Callable[[], float]
    watts: Callable[[], float]


def instruments(nvml: Any, index: int = 0) -> Instruments:
    """Return the instruments of a GPU, by NVML (the module pynvml)."""
    nvml.nvmlInit()
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    return Instruments(
        lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3,
        lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1e3,
    )


def compared(read: Instruments, work: Work, seconds: float) -> Iterator[Row]:
    """Repeat `work` for some seconds, and compare what the counter adds with the integral of the power."""
    stop, integral = threading.Event(), [0.0]
    sampler = threading.Thread(target=_integrate, args=(read.watts, stop, integral))
    before, started = read.joules(), time.monotonic()
    sampler.start()
    while time.monotonic() - started < seconds:
        work()
    stop.set()
    sampler.join()
    counted, took = read.joules() - before, time.monotonic() - started
    ratio = integral[0] / counted if counted else float("inf")
    yield Row("energy counter", counted, "J")
    yield Row("mean power", counted / took, "W")
    note = f"within {TOLERANCE:.0%} of 1"
    yield Row("integrated power over energy counter", ratio, "times", abs(ratio - 1) <= TOLERANCE, note)


def _integrate(watts: Callable[[], float], stop: threading.Event, integral: list[float]) -> None:
    """Add the integral of the power by the trapezoidal rule until `stop` is set."""
    last, power = time.monotonic(), watts()
    while not stop.wait(SAMPLE_SECONDS):
        now, present = time.monotonic(), watts()
        integral[0] += (now - last) * (power + present) / 2
        last, power = now, present
