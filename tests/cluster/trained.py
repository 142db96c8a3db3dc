"""Sweeps with real training, run by the real command, and compared with an undisturbed one."""

import contextlib
import io
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from infra.waiting import wait_until
from orchestrator.store.frozen_code import LIVE
from orchestrator.store.layout import Store
from orchestrator.store.process_id import ProcessId, send
from orchestrator.supervisor.command import environment, python_module
from tests.orchestrator.attempts import workers_of
from trainer.files import read_lines
from trainer.record import RunDir, State, read_record
from trainer.state import checkpoint

HORIZON_KIMG = 1.6
FIRST_EVALUATION_KIMG = 0.4
SWEEP = f"""
sweep: trained
base:
  preset: tiny32
  data: ./images.zip
  batch: 8
  micro_batch: 4
  generator.channel_base: 64
  generator.channel_max: 8
  generator.z_dim: 8
  generator.w_dim: 8
  discriminator.channel_base: 64
  discriminator.channel_max: 8
seeds: [0]
horizon_kimg: {HORIZON_KIMG}
metrics: [fid50]
watch:
  tick_kimg: 0.04
  evaluate_every_kimg: {FIRST_EVALUATION_KIMG}
  sample_every_kimg: 0.8
  checkpoint_every_kimg: 0.04
  sheet_columns: 4
  sheet_rows: 2
resources: {{cpus: 1, memory_gib: 0.5}}
"""
WALL_CLOCK = {"time", "attempt", "images_per_second", "seconds_per_kimg", "memory_gib", "energy_joules", "seconds"}
PATIENCE_SECONDS = 300.0


def write_images(path: Path, side: int = 8, count: int = 64) -> None:
    """Write a ZIP of grey noise: the same bytes of images each time."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(count):
            buffer = io.BytesIO()
            Image.fromarray(random.integers(0, 256, (side, side), dtype=np.uint8)).save(buffer, "PNG")
            archive.writestr(f"00000/img{index:08d}.png", buffer.getvalue())


@contextlib.contextmanager
def held(process: ProcessId) -> Iterator[None]:
    """Suspend a process."""
    send(process, signal.SIGSTOP)
    try:
        yield
    finally:
        send(process, signal.SIGCONT)


@dataclass(frozen=True)
class Trained:
    """The result of a trial: the bytes of every tensor, and every row without its timing columns."""

    weights: Mapping[str, bytes]
    metrics: Mapping[tuple[float, str], float]
    ticks: Mapping[float, Mapping[str, Any]]


@dataclass
class Command:
    """`adasweep run` of one sweep on one backend, repeated as often as needed."""

    store: Store
    file: Path
    backend: str
    options: tuple[str, ...]
    code: Path = LIVE
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @classmethod
    def prepare(
        cls, folder: Path, backend: str, store: Path | None = None, options: tuple[str, ...] = ("--no-record",)
    ) -> "Command":
        """Write the sweep and its images into `folder`, where the store is too unless given."""
        write_images(folder / "images.zip")
        file = folder / "trained.yaml"
        file.write_text(SWEEP)
        root = store or folder / "store"
        root.mkdir(exist_ok=True)
        return cls(Store(root), file, backend, options)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the command; its output is appended to `printed`."""
        words = ["run", str(self.file), "--store", str(self.store.root), "--backend", self.backend, *self.options]
        with self.log.open("ab") as log:
            command = [*python_module("orchestrator"), *words]
            self.started.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment(code=self.code)))
        return self.started[-1]

    def finish(self) -> None:
        """Run the command and expect it to finish everything."""
        assert self.start().wait(PATIENCE_SECONDS) == 0, self.printed

    def stop(self) -> None:
        """Stop the commands that are still running."""
        for process in self.started:
            process.kill()
            process.wait()

    @property
    def log(self) -> Path:
        return self.file.with_name("printed.txt")

    @property
    def printed(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    @property
    def run(self) -> RunDir:
        """Return the only trial."""
        (trial,) = self.store.ids()
        return self.store.run(trial)

    def begin(self) -> "subprocess.Popen[bytes]":
        """Start the command and return once its trial has been evaluated and saved, well before its end."""
        process = self.start()
        wait_until(lambda: process.poll() is not None or self._is_under_way(), PATIENCE_SECONDS, "a saved evaluation")
        assert process.poll() is None, self.printed
        return process

    def _is_under_way(self) -> bool:
        with contextlib.suppress(ValueError):
            saved = [found.images for found in checkpoint.found(self.run.checkpoints)]
            return bool(saved) and saved[0] >= 1000 * FIRST_EVALUATION_KIMG
        return False


Prepare = Callable[[str], Command]


def worker_of(run: RunDir) -> ProcessId:
    """Return the trainer's process."""
    (process,) = workers_of(run)
    return ProcessId.of(process.pid)


def supervisor_of(run: RunDir) -> ProcessId:
    """Return the process that started the trainer, on any backend."""
    (process,) = workers_of(run)
    return ProcessId.of(psutil.Process(process.pid).ppid())


def result(run: RunDir) -> Trained:
    """Return the result of a finished trial. Duplicate rows must be equal."""
    record = read_record(run.record(run.attempts()[-1]))
    assert record
    assert record.state is State.DONE, record.message
    newest = checkpoint.found(run.checkpoints)[0]
    tensors = newest.load()
    assert tensors
    assert newest.images >= 1000 * HORIZON_KIMG
    return Trained(
        {name: tensor.numpy().tobytes() for name, tensor in tensors.items()},
        _once(((row["kimg"], row["metric"]), row["value"]) for row in read_lines(run.metrics)),
        _once((row["kimg"], _timeless(row)) for row in read_lines(run.ticks)),
    )


def _once(rows: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in rows:
        assert found.setdefault(key, value) == value, f"{key} has two values"
    return found


def _timeless(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in WALL_CLOCK}


def is_mid_way(run: RunDir) -> bool:
    """Return whether a trial has not ended yet."""
    return all(row["kimg"] < HORIZON_KIMG for row in read_lines(run.ticks))


def assert_calm(command: Command, calm: Trained) -> None:
    """Assert that the result is that of an undisturbed run, and that nothing is left to do."""
    attempts = command.run.attempts()
    assert result(command.run) == calm
    command.finish()
    assert command.run.attempts() == attempts
