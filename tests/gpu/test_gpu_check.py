"""Every part of `make gpu-check` runs on the CPU at small sizes, so that the first GPU finds no dead code."""

import time
from pathlib import Path

import pytest
import torch

from benchmarks import gpu_check
from benchmarks.gpu import energy, iterations, operations, report, runs
from benchmarks.gpu.accelerator import Accelerator, tf32
from benchmarks.gpu.profiling import DENSE, GAPS, OTHER
from benchmarks.gpu.report import Row

pytestmark = pytest.mark.usefixtures("native")

CPU = Accelerator("cpu")


def test_native_operations_equal_the_reference_to_the_second_derivative() -> None:
    rows = list(operations.checks(CPU))
    assert report.failures({"operations": rows}) == []
    assert len(rows) == 3 * (2 * 7 + 2 * 6)


def test_a_difference_is_relative_to_all_values() -> None:
    assert operations.difference(torch.tensor([3.0, 4.5]), torch.tensor([3.0, 4.0])) == pytest.approx(0.1)


@pytest.mark.parametrize("precision", ["fp32", "TF32", "bf16"])
def test_iterations_are_measured_in_all_formulations(precision: iterations.Precision) -> None:
    rows = list(iterations.measurements(CPU, gpu_check.SMALL, 1, (precision,)))
    values = {row.what.partition(precision)[2]: row.value or 0.0 for row in rows}
    assert min(values[f", {which}"] for which in iterations.FORMULATIONS) > 0
    assert [row.value for row in rows if "peak memory" in row.what] == [None] * 3
    assert sum(values[f", native: {kind}"] for kind in (DENSE, OTHER, GAPS)) == pytest.approx(100)
    assert values[": official over native"] == pytest.approx(values[", official"] / values[", native"])


@pytest.mark.parametrize("preset", iterations.PRESETS)
def test_every_measured_preset_resolves_at_every_precision(preset: str) -> None:
    size = iterations.Size(preset, iterations.PRESETS[preset])
    for precision in iterations.PRECISIONS:
        tree = iterations.configured(size, precision).model_dump(mode="json")
        wanted = precision if precision in ("fp16", "bf16") else "fp32"
        assert {tree[network]["precision"]["dtype"] for network in ("generator", "discriminator")} == {wanted}


def test_tf32_is_as_before_afterwards() -> None:
    before = torch.backends.cudnn.allow_tf32
    with tf32(not before):
        assert torch.backends.cudnn.allow_tf32 is not before
    assert torch.backends.cudnn.allow_tf32 is before


def test_a_reading_that_is_not_taken_is_equal_to_itself() -> None:
    nothing = torch.tensor([float("nan"), 1.0])
    assert runs.is_equal(nothing, nothing.clone())
    assert not runs.is_equal(nothing, torch.tensor([0.0, 1.0]))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_runs_resume_bit_for_bit(tmp_path: Path) -> None:
    rows = list(runs.resumed(CPU, tmp_path))
    assert [(row.passed, row.value) for row in rows] == [(True, 0), (True, 0)], rows


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_ranks_train_what_one_trains(tmp_path: Path) -> None:
    (row,) = runs.ranks(CPU, tmp_path)
    assert row.passed, row


class FakeNvml:
    """A GPU that draws 100 W by its counter, and `power` by its sensor."""

    def __init__(self, power: float) -> None:
        self._power, self._started = power, time.monotonic()

    def nvmlInit(self) -> None:  # noqa: N802
        return None

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetTotalEnergyConsumption(self, _handle: int) -> float:  # noqa: N802
        return 1e3 * 100 * (time.monotonic() - self._started)

    def nvmlDeviceGetPowerUsage(self, _handle: int) -> float:  # noqa: N802
        return 1e3 * self._power


@pytest.mark.parametrize(("power", "passed"), [(100.0, True), (150.0, False)])
def test_the_energy_counter_is_compared_with_the_integrated_power(power: float, passed: bool) -> None:
    read = energy.instruments(FakeNvml(power))
    rows = {row.what: row for row in energy.compared(read, lambda: time.sleep(0.01), 1.5)}
    assert rows["integrated power over energy counter"].passed is passed
    assert rows["mean power"].value == pytest.approx(100, rel=0.05)


def test_golden_tests_run_on_the_chosen_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gpu_check, "TESTS", ("tests/golden/test_02_bias_act.py",))
    (row,) = gpu_check.PARTS["tests"](CPU, 1, tmp_path)
    assert row.passed


def test_a_check_that_fails_gives_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    for passed, code in ((True, 0), (False, 1)):
        rows = [Row("x", 1.0, "ms", passed), Row("y", None, "")]
        monkeypatch.setattr(gpu_check, "PARTS", {"part": lambda *_, rows=rows: iter(rows)})
        assert gpu_check.main("cpu", 1, None) == code


def test_results_and_page_name_the_device(tmp_path: Path) -> None:
    page, results = tmp_path / "page.md", tmp_path / "results.json"
    page.write_text(f"# GPU\n\n{report.BEGIN}\nnothing\n{report.END}\n\nend\n")
    rows = {"iterations": [Row("a", 12.344, "ms", True, "n"), Row("b", None, "GiB")]}
    report.write(results, page, gpu_check.machine(CPU), rows)
    text = page.read_text()
    assert f"Measured on: device {CPU.name}" in text
    assert "| a | 12.34 | ms | met | n |" in text
    assert text.endswith("\n\nend\n")
    assert "nothing" not in text
    assert '"device"' in results.read_text()
    assert report.BEGIN in report.PAGE.read_text(encoding="utf-8")
