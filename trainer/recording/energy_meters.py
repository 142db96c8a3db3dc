"""Energy of an attempt in joules: measured if the machine supports it, otherwise an estimate marked as such.

A meter counts from its creation. Its `method` and `coverage` (the fraction of the devices that it covers) are recorded
with every value; values of several attempts add up.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import psutil

WATTS_PER_BUSY_CORE = 10.0
SAMPLE_SECONDS = 1.0
RAPL = Path("/sys/class/powercap")


@runtime_checkable
class Meter(Protocol):
    """Joules since the meter was created, by `method`, for the fraction `coverage` of the devices."""

    method: str
    coverage: float

    def joules(self) -> float: ...


class BusyCoreEstimate:
    """CPU time of this process times a fixed power per core: an estimate for machines without counters."""

    coverage = 1.0

    def __init__(self) -> None:
        self.method = f"estimate: {WATTS_PER_BUSY_CORE:g} W per busy core"
        self._process = psutil.Process()
        self._start = self._seconds()

    def _seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def joules(self) -> float:
        return (self._seconds() - self._start) * WATTS_PER_BUSY_CORE


class Counters:
    """Monotonic counters in joules. One that falls was reset to 0 (the driver was reloaded)."""

    def __init__(self, method: str, counters: Sequence[Callable[[], float]], coverage: float = 1.0) -> None:
        self.method, self.coverage, self._counters = method, coverage, counters
        self._last = [read() for read in counters]
        self._total = 0.0

    def joules(self) -> float:
        now = [read() for read in self._counters]
        for before, after in zip(self._last, now, strict=True):
            self._total += after - before if after >= before else after
        self._last = now
        return self._total


class RaplPackages:
    """Intel RAPL package counters (microjoules, wrapping at max_energy_range_uj) of the whole machine."""

    method, coverage = "RAPL packages, whole machine", 1.0

    def __init__(self, packages: list[Path]) -> None:
        self._last = {package: _microjoules(package) for package in packages}
        self._total = 0

    def joules(self) -> float:
        for package, before in self._last.items():
            now = _microjoules(package)
            wrap = int((package / "max_energy_range_uj").read_text()) if now < before else 0
            self._total += now - before + wrap
            self._last[package] = now
        return self._total / 1e6


class PowerIntegral:
    """The integral of a power reading (watts) by the trapezoid rule, sampled by a thread and at every call."""

    def __init__(
        self,
        method: str,
        watts: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
        coverage: float = 1.0,
    ) -> None:
        self.method, self.coverage = method, coverage
        self._watts, self._clock, self._lock = watts, clock, threading.Lock()
        self._time, self._power, self._total = clock(), watts(), 0.0

    def joules(self) -> float:
        with self._lock:
            now, power = self._clock(), self._watts()
            self._total += (now - self._time) * (power + self._power) / 2
            self._time, self._power = now, power
            return self._total

    def keep_sampling(self, seconds: float = SAMPLE_SECONDS) -> "PowerIntegral":
        """Start a thread that samples every `seconds` for the lifetime of the process."""
        threading.Thread(target=self._sample, args=(seconds,), daemon=True, name="power").start()
        return self

    def _sample(self, seconds: float) -> None:
        while True:
            time.sleep(seconds)
            self.joules()


class Sum:
    """The sum of several meters, such as GPUs and CPUs, with the coverage of the first."""

    def __init__(self, *meters: Meter) -> None:
        self._meters = meters
        self.method = " + ".join(meter.method for meter in meters)
        self.coverage = meters[0].coverage

    def joules(self) -> float:
        return sum(meter.joules() for meter in self._meters)


class ReplayMeter:
    """Given readings, one per call, repeating the last: for tests, and to replay a recording."""

    def __init__(self, readings: Sequence[float], method: str = "replay", coverage: float = 1.0) -> None:
        self.method, self.coverage = method, coverage
        self._readings, self._next = readings, 0

    def joules(self) -> float:
        self._next = min(self._next + 1, len(self._readings))
        return self._readings[self._next - 1]


def cpu_meter(root: Path = RAPL) -> RaplPackages | None:
    """Return the meter of this machine's CPUs, None if no counter can be read or none changes."""
    packages = [package for package in sorted(root.glob("intel-rapl:[0-9]")) if _moves(package)]
    return RaplPackages(packages) if packages else None


def _moves(package: Path) -> bool:
    try:
        before = _microjoules(package)
        time.sleep(0.02)
        return _microjoules(package) != before
    except OSError:
        return False


def _microjoules(package: Path) -> int:
    return int((package / "energy_uj").read_text())
