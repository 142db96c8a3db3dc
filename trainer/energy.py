"""Energy of this process in joules: measured where the machine lets it be, else an estimate that says so."""

import time
from pathlib import Path
from typing import Protocol

import psutil

WATTS_PER_BUSY_CORE = 10.0
RAPL = Path("/sys/class/powercap")


class Meter(Protocol):
    """Joules since the meter was made; `method` goes into the record beside every value."""

    method: str

    def joules(self) -> float: ...


class BusyCoreEstimate:
    """CPU time of this process times a stated power per core: an estimate for machines that show no counter."""

    method = f"estimate: {WATTS_PER_BUSY_CORE:g} W per busy core"

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._start = self._seconds()

    def _seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def joules(self) -> float:
        return (self._seconds() - self._start) * WATTS_PER_BUSY_CORE


class RaplPackages:
    """Intel RAPL package counters (microjoules, wrapping at max_energy_range_uj) of the whole machine."""

    method = "RAPL packages, whole machine"

    def __init__(self, packages: list[Path]) -> None:
        self._packages = packages
        self._last = {package: _microjoules(package) for package in packages}
        self._total = 0

    def joules(self) -> float:
        for package, before in self._last.items():
            now = _microjoules(package)
            wrap = int((package / "max_energy_range_uj").read_text()) if now < before else 0
            self._total += now - before + wrap
            self._last[package] = now
        return self._total / 1e6


def _microjoules(package: Path) -> int:
    return int((package / "energy_uj").read_text())


class NvmlTotal:
    """NVML's total-energy counters (millijoules) of the devices this process can see."""

    method = "NVML total energy of the allocated devices"

    def __init__(self, handles: list[object]) -> None:
        self._handles = handles
        self._start = self._millijoules()

    def _millijoules(self) -> int:
        import pynvml

        return sum(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) for handle in self._handles)

    def joules(self) -> float:
        return (self._millijoules() - self._start) / 1e3


def _readable_packages() -> list[Path]:
    def moves(package: Path) -> bool:
        try:
            before = _microjoules(package)
            time.sleep(0.02)
            return _microjoules(package) != before
        except OSError:
            return False

    return [package for package in sorted(RAPL.glob("intel-rapl:[0-9]")) if moves(package)]


def find_meter(uuids: list[str]) -> Meter:
    """Return the best meter here: NVML for the devices `uuids` when there are any, else RAPL, else the estimate."""
    if uuids:
        import pynvml

        pynvml.nvmlInit()
        return NvmlTotal([pynvml.nvmlDeviceGetHandleByUUID(uuid) for uuid in uuids])
    packages = _readable_packages()
    return RaplPackages(packages) if packages else BusyCoreEstimate()
