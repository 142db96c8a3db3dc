"""Short training runs on the device: resumed bit for bit, and shared by two ranks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from benchmarks.gpu.accelerator import Accelerator
from benchmarks.gpu.report import Row
from trainer.record import RunDir, read_record
from trainer.state import checkpoint

DATA = "fashion-mnist-10k"
SETTINGS = ("augment.type=fixed", "augment.p=0.5", "batch=16", "micro_batch=8")
HALF, WHOLE = 0.032, 0.064
"""Lengths of the runs in kimg."""

OPERATIONS = ("native", "reference")
DETERMINISTIC = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
"""What cuBLAS needs to be deterministic."""

RANKS_TOLERANCE = 1e-3
"""Distance of the weights of two ranks from those of one, relative to the weights: sums differ in their order."""


def resumed(accelerator: Accelerator, folder: Path) -> Iterator[Row]:
    """Check that a run in two parts ends in the same state as one without a stop."""
    for ops in OPERATIONS:
        whole, halved = folder / f"whole-{ops}", folder / f"halved-{ops}"
        train(accelerator, whole, WHOLE, "--ops", ops)
        train(accelerator, halved, HALF, "--ops", ops)
        train(accelerator, halved, WHOLE, "--ops", ops)
        one, other = state_of(whole), state_of(halved)
        different = [name for name, value in one.items() if not is_equal(value, other[name])]
        note = f"{len(one)} tensors" + (f"; first: {different[0]}" if different else "")
        yield Row(f"resume, {ops} operations: tensors that differ", len(different), "tensors", not different, note)


def ranks(accelerator: Accelerator, folder: Path) -> Iterator[Row]:
    """Check that two ranks train the network that one trains, over NCCL on GPUs."""
    if accelerator.count < 2:
        yield Row("two ranks", None, "", None, "skipped: one GPU")
        return
    for count in (1, 2):
        train(accelerator, folder / f"ranks-{count}", WHOLE, "--ranks", str(count))
    record = read_record(RunDir(folder / "ranks-2").record(1))
    one, two = (state_of(folder / f"ranks-{count}") for count in (1, 2))
    weights = [name for name in one if name.startswith(("G/", "D/")) and one[name].is_floating_point()]
    apart = sum(float((one[name] - two[name]).double().square().sum()) for name in weights)
    size = sum(float(one[name].double().square().sum()) for name in weights)
    error, shared = (apart / size) ** 0.5, record is not None and record.world_size == 2
    passed = error <= RANKS_TOLERANCE and shared
    yield Row("two ranks against one: weights", error, "relative", passed, f"at most {RANKS_TOLERANCE:g}")


def data_set(folder: Path) -> Path:
    """Return the demo's images, written into a folder."""
    path = folder / "data" / f"{DATA}.zip"
    if not path.exists():
        _trainer({"ADASWEEP_STORE": str(folder)}, "data", "get", DATA)
    return path


def train(accelerator: Accelerator, out: Path, kimg: float, *words: str) -> None:
    """Train a small network to a horizon; repeated, the run goes on. Raises CalledProcessError if it fails."""
    hidden = {} if accelerator.is_gpu else {"CUDA_VISIBLE_DEVICES": ""}
    data = str(data_set(out.parent))
    settings = ("--preset", "tiny32", "--metrics", "", "--set", *SETTINGS)
    command = ("run", "--out", str(out), "--data", data, "--kimg", str(kimg), *words, *settings)
    _trainer({**DETERMINISTIC, **hidden}, *command)


def state_of(out: Path) -> dict[str, Tensor]:
    """Return the tensors of the newest checkpoint, without the sums of the current tick."""
    state = checkpoint.found(RunDir(out).checkpoints)[0].load()
    assert state is not None, f"{out} has no intact checkpoint"
    return {name: value for name, value in state.items() if not name.startswith("sums/")}


def is_equal(one: Tensor, other: Tensor) -> bool:
    """Return whether two tensors are equal bit for bit; NaN, a reading not yet taken, equals itself."""
    return one.numpy(force=True).tobytes() == other.numpy(force=True).tobytes() and one.dtype == other.dtype


def _trainer(variables: dict[str, str], *words: str) -> None:
    command = [sys.executable, "-m", "trainer", *words]
    subprocess.run(command, check=True, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
