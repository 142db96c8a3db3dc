from pathlib import Path
from types import SimpleNamespace

import pytest

from trainer.config.job import Resources
from trainer.recording.energy_meters import (
    BusyCoreEstimate,
    Counters,
    PowerIntegral,
    RaplPackages,
    ReplayMeter,
    Sum,
    cpu_meter,
)
from trainer.recording.gpu_meter import find_meter, gpu_meter


class NotSupportedError(Exception):
    pass


class FakeNvml:
    """Two boards that have used 5 J and 7 J since the driver was loaded, or report only their power."""

    NVMLError_NotSupported = NotSupportedError
    uuids = ("GPU-a", "GPU-b")

    def __init__(self, has_counter: bool = True) -> None:
        self.millijoules = {"GPU-a": 5000.0, "GPU-b": 7000.0}
        self.has_counter = has_counter

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.uuids)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:  # noqa: N802
        return self.uuids[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        return uuid

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, slice_uuid: str) -> str:  # noqa: N802
        return {"MIG-1": "GPU-a"}[slice_uuid]

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> float:  # noqa: N802
        if not self.has_counter:
            raise NotSupportedError
        return self.millijoules[handle]

    def nvmlDeviceGetPowerUsage(self, handle: str) -> float:  # noqa: N802
        return {"GPU-a": 100_000.0, "GPU-b": 200_000.0}[handle]


def test_counters_count_from_the_moment_the_meter_is_made_and_go_on_after_a_reset() -> None:
    readings = iter([100.0, 103.0, 2.0])
    meter = Counters("fake", [lambda: next(readings)])
    assert [meter.joules(), meter.joules()] == [3.0, 5.0]


@pytest.mark.parametrize(("visible", "joules"), [("GPU-b", 2.0), ("0", 1.0), ("0,1", 3.0), (None, 3.0), ("MIG-1", 1.0)])
def test_only_the_allocated_devices_are_metered(visible: str | None, joules: float) -> None:
    nvml = FakeNvml()
    meter = gpu_meter(nvml, Resources(gpus=1), 1, visible)
    nvml.millijoules = {"GPU-a": 6000.0, "GPU-b": 9000.0}
    assert meter.joules() == joules
    assert ("shared" in meter.method) == (visible == "MIG-1")


def test_a_share_of_a_device_is_reported_because_the_board_cannot_be_divided() -> None:
    assert "shared with others" in gpu_meter(FakeNvml(), Resources(gpus=0.5), 1, "0").method


def test_devices_of_other_machines_are_not_covered() -> None:
    assert gpu_meter(FakeNvml(), Resources(gpus=8), 8, "0,1").coverage == 0.25


def test_a_device_without_a_counter_is_metered_by_its_power() -> None:
    meter = gpu_meter(FakeNvml(has_counter=False), Resources(gpus=2), 2, "0,1")
    assert meter.method == "NVML power of 2 allocated devices, integrated"


def test_power_is_integrated_by_trapezoids() -> None:
    times, watts = iter([0.0, 2.0, 3.0]), iter([100.0, 200.0, 0.0])
    meter = PowerIntegral("fake", lambda: next(watts), clock=lambda: next(times))
    assert [meter.joules(), meter.joules()] == [300.0, 400.0]


def test_gpus_that_cannot_be_metered_are_not_skipped_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def init() -> None:
        raise NotSupportedError("no library")

    monkeypatch.setitem(__import__("sys").modules, "pynvml", SimpleNamespace(nvmlInit=init))
    meter = find_meter(Resources(gpus=1), 1, {})
    assert meter.method.startswith("estimate: ")
    assert meter.method.endswith("GPUs not metered (NotSupportedError: no library)")
    assert meter.coverage == 0.0


def test_without_gpus_and_counters_the_estimate_says_so(tmp_path: Path) -> None:
    assert cpu_meter(tmp_path) is None
    assert BusyCoreEstimate().method == "estimate: 10 W per busy core"


def test_rapl_counters_wrap(tmp_path: Path) -> None:
    (tmp_path / "energy_uj").write_text("900")
    (tmp_path / "max_energy_range_uj").write_text("1000")
    meter = RaplPackages([tmp_path])
    (tmp_path / "energy_uj").write_text("100")
    assert meter.joules() == pytest.approx(200 / 1e6)


def test_a_counter_that_stands_still_is_not_a_counter(tmp_path: Path) -> None:
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "energy_uj").write_text("5")
    assert cpu_meter(tmp_path) is None


def test_meters_add_up_and_recordings_are_replayed() -> None:
    meter = Sum(ReplayMeter([1.0, 4.0], "gpu", 0.5), ReplayMeter([10.0], "cpu"))
    assert (meter.method, meter.coverage) == ("gpu + cpu", 0.5)
    assert [meter.joules(), meter.joules(), meter.joules()] == [11.0, 14.0, 14.0]
