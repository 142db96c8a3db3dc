"""python -m benchmarks.gpu_check: check and measure all that needs a GPU.

Writes benchmarks/gpu-latest.json and docs/performance-gpu.md. With --device cpu the same parts run at a small size and
write nothing, as a test does.

Exit codes: 0 if all that ran passed, 1 if a check failed, 2 if there is no GPU or no build for it.
"""

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.gpu import energy, iterations, operations, report, runs
from benchmarks.gpu.accelerator import Accelerator, DeviceKind, tf32
from benchmarks.gpu.report import Row
from trainer.command_line.group import new_app, taking_several
from trainer.command_line.options import names_in
from trainer.command_line.program import run_program
from trainer.errors import UserError
from trainer.ops.build.build import build
from trainer.runtime.console import log
from trainer.runtime.torch_settings import configure_process

TESTS = ("tests/ops/test_cuda_equals_cpu.py", "tests/golden")
GOLDEN_DEVICE = "ADASWEEP_GOLDEN_DEVICE"
NARROW = {"channel_base": 128, "channel_max": 16}
SMALL = [
    iterations.Size("tiny32", 16, {"batch": 4, "micro_batch": 4, "generator": NARROW, "discriminator": NARROW}),
]
SIZES = [iterations.Size(preset, side) for preset, side in iterations.PRESETS.items()]
ENERGY_SECONDS = 20.0

Part = Callable[[Accelerator, int, Path], Iterator[Row]]

app = new_app()


def _tests(accelerator: Accelerator, _rounds: int, _folder: Path) -> Iterator[Row]:
    """Run the tests that compare with the CPU library and with golden numbers, on the device."""
    for test in TESTS:
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", test]
        done = subprocess.run(command, env={**os.environ, GOLDEN_DEVICE: accelerator.kind}, check=False)
        yield Row(test, done.returncode, "exit code", done.returncode == 0, "TF32 off; tolerances are the tests' own")


def _iterations(accelerator: Accelerator, rounds: int, _folder: Path) -> Iterator[Row]:
    yield from iterations.measurements(accelerator, SIZES if accelerator.is_gpu else SMALL, rounds)


def _energy(accelerator: Accelerator, _rounds: int, _folder: Path) -> Iterator[Row]:
    if not accelerator.is_gpu:
        yield Row("energy", None, "", None, "skipped: NVML reads GPUs only")
        return
    config = iterations.configured(SIZES[1], "fp16")
    with tf32(False):
        load = iterations.Iteration(config, accelerator.device, accelerator.native())
        work = partial(accelerator.milliseconds, load.run)
        yield from energy.compared(energy.instruments(importlib.import_module("pynvml")), work, ENERGY_SECONDS)


PARTS: dict[str, Part] = {
    "operations": lambda accelerator, _rounds, _folder: operations.checks(accelerator),
    "tests": _tests,
    "resume": lambda accelerator, _rounds, folder: runs.resumed(accelerator, folder),
    "ranks": lambda accelerator, _rounds, folder: runs.ranks(accelerator, folder),
    "iterations": _iterations,
    "energy": _energy,
}

DeviceOption = Annotated[DeviceKind, typer.Option("--device", help="cpu: small sizes, and nothing is written.")]
RoundsOption = Annotated[int, typer.Option("--rounds", min=1, help="Rounds per measurement.")]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="PART ...", help=f"Parts: {', '.join(PARTS)}.", show_default="all"),
]


@app.command(cls=taking_several("--only"))
def main(device: DeviceOption = "cuda", rounds: RoundsOption = 7, only: OnlyOption = None) -> int:
    """Check and measure the device; print every row, and write the results if it is a GPU."""
    parts = names_in(only) or tuple(PARTS)
    if unknown := sorted(set(parts) - set(PARTS)):
        raise UserError("--only", f"no such part: {', '.join(unknown)}", f"there are {', '.join(PARTS)}")
    configure_process(threads=1)
    log(f"{device} operations: {build(device)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("gpu-check", "this torch sees no GPU", "run it where one is, or with --device cpu")
    accelerator, found = Accelerator(device), dict[str, list[Row]]()
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            found[part] = list(_logged(part, PARTS[part](accelerator, rounds, Path(folder))))
    if accelerator.is_gpu:
        report.write(report.RESULTS, report.PAGE, machine(accelerator), found)
    for failure in report.failures(found):
        log(f"failed: {failure}")
    return 1 if report.failures(found) else 0


def machine(accelerator: Accelerator) -> dict[str, str]:
    """Return what the results were measured on."""
    cuda = {"CUDA": str(torch.version.cuda), "GPUs": str(accelerator.count)} if accelerator.is_gpu else {}
    return {"device": accelerator.name, **cuda, "torch": torch.__version__, "ops": accelerator.native().name}


def _logged(part: str, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        verdict = {True: "ok", False: "FAILED", None: "  "}[row.passed]
        value = "" if row.value is None else f"{row.value:.4g} {row.unit}"
        log(f"{verdict:<6} {part}: {row.what}  {value}  {row.note}")
        yield row


if __name__ == "__main__":
    sys.exit(run_program(app, sys.argv[1:], "python -m benchmarks.gpu_check"))
