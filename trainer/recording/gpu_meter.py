"""The meter of a job's GPUs: NVML ignores CUDA_VISIBLE_DEVICES, so device handles are selected by it here."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from trainer.config.job import Resources
from trainer.recording.energy_meters import BusyCoreEstimate, Counters, Meter, PowerIntegral, Sum, cpu_meter


def find_meter(resources: Resources, ranks: int, environment: Mapping[str, str]) -> Meter:
    """Return the best meter for a job on this machine: NVML for GPUs and RAPL for CPUs if available, else an estimate.

    `ranks` is the number of devices of the whole job; those of other machines cannot be metered from here.
    """
    cpus = cpu_meter()
    if not resources.gpus:
        return cpus or BusyCoreEstimate()
    try:
        nvml = import_module("pynvml")
        nvml.nvmlInit()
        gpus = gpu_meter(nvml, resources, ranks, environment.get("CUDA_VISIBLE_DEVICES"))
    except Exception as error:  # NVML's errors have no base that can be named without its library
        return _Unmetered(f"{type(error).__name__}: {error}")
    return Sum(gpus, cpus) if cpus else gpus


class _Unmetered(BusyCoreEstimate):
    """The CPU estimate of a job whose GPUs cannot be metered, with coverage 0."""

    coverage = 0.0

    def __init__(self, why: str) -> None:
        super().__init__()
        self.method = f"{self.method}; GPUs not metered ({why})"


def gpu_meter(nvml: Any, resources: Resources, ranks: int, visible: str | None) -> Meter:
    """Return the meter of the devices in `visible` (the value of CUDA_VISIBLE_DEVICES; None for all devices)."""
    handles = [_handle(nvml, name) for name in _names(nvml, visible)]
    is_shared = resources.gpus < 1 or any(name.startswith("MIG-") for name in _names(nvml, visible))
    of = f"{len(handles)} allocated devices" + (", shared with others" if is_shared else "")
    coverage = min(1.0, len(handles) / max(ranks, 1))
    try:
        counters = [lambda handle=handle: nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3 for handle in handles]
        return Counters(f"NVML total energy of {of}", counters, coverage)
    except nvml.NVMLError_NotSupported:
        power = lambda: sum(nvml.nvmlDeviceGetPowerUsage(handle) for handle in handles) / 1e3  # noqa: E731
        return PowerIntegral(f"NVML power of {of}, integrated", power, coverage=coverage).keep_sampling()


def _names(nvml: Any, visible: str | None) -> list[str]:
    if visible is None:
        return [str(index) for index in range(nvml.nvmlDeviceGetCount())]
    return [name.strip() for name in visible.split(",") if name.strip()]


def _handle(nvml: Any, name: str) -> Any:
    """Return the handle of a device by UUID or number; for a MIG slice that of its board, the unit that is metered."""
    if name.isdigit():
        return nvml.nvmlDeviceGetHandleByIndex(int(name))
    handle = nvml.nvmlDeviceGetHandleByUUID(name)
    return nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle) if name.startswith("MIG-") else handle
