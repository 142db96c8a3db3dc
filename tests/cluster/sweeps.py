"""Small sweeps with a scripted worker, and checks of their trials afterwards."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from PIL import Image

from infra.waiting import wait_until
from orchestrator.backends.base import Backend
from orchestrator.backends.registry import open_backend
from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.plan.plan import Plan
from orchestrator.store.layout import Store
from orchestrator.store.process_id import ProcessId
from tests.orchestrator.attempts import let_go
from tests.orchestrator.scripted_worker import HOLD_STEPS, HOLDING_SEEDS, STEP_KIMG
from trainer.config.job import read_job
from trainer.files import read_lines
from trainer.record import RunDir, State, read_record

SCRIPTED_WORKER = Path(__file__).parent.parent / "orchestrator" / "scripted_worker.py"

SWEEP = """
sweep: probe
base: {{preset: cifar, data: ./images}}
seeds: [{seeds}]
horizon_kimg: {horizon}
metrics: [fid2k]
resources: {{cpus: 1, memory_gib: 0.3, gpus: {gpus}}}
"""


@dataclass
class Sweeper:
    """A user of a store, who runs one sweep with the same command as often as needed."""

    store: Store
    folder: Path
    backend_name: str

    def backend(self) -> Backend:
        return open_backend(self.backend_name, self.store)

    def write(self, seeds: range, horizon_kimg: float, gpus: float = 0) -> Path:
        """Write a sweep of one cell and many seeds."""
        images = self.folder / "images"
        images.mkdir(exist_ok=True)
        for shade in range(4):
            Image.new("RGB", (32, 32), (shade, shade, shade)).save(images / f"{shade}.png")
        file = self.folder / "probe.yaml"
        file.write_text(SWEEP.format(seeds=", ".join(map(str, seeds)), horizon=horizon_kimg, gpus=gpus))
        return file

    def begin(self, file: Path) -> Dispatcher:
        """Run the command, and kill it after it has submitted."""
        dispatcher = Dispatcher(self.store, self.plan(file), self.backend())
        dispatcher.submit()
        return dispatcher

    def finish(self, file: Path, seconds: float = 300.0) -> Dispatcher:
        """Run the command and wait until nothing is left to do."""
        deadline = time.monotonic() + seconds
        dispatcher = self.begin(file)
        while dispatcher.active:
            assert time.monotonic() < deadline, {trial: dispatcher.decisions[trial] for trial in dispatcher.active}
            time.sleep(0.2)
            dispatcher.refresh()
            dispatcher.submit()
        return dispatcher

    def plan(self, file: Path) -> Plan:
        return plan_sweep(self.store, Request(file, backend=self.backend_name))

    def runs(self) -> list[RunDir]:
        return [self.store.run(trial) for trial in self.store.ids()]

    def begin_and_hold(self, trials: int, horizon_kimg: float) -> Path:
        """Submit a sweep and return its file once every trial waits at its first checkpoint."""
        file = self.write(range(HOLDING_SEEDS, HOLDING_SEEDS + trials), horizon_kimg)
        self.begin(file)
        kimg = HOLD_STEPS * STEP_KIMG
        wait_until(lambda: all(reached(run) >= kimg for run in self.runs()), 240, f"{kimg} kimg")
        return file

    def let_go(self) -> None:
        """Let every trial run to its end."""
        for run in self.runs():
            let_go(run)


def reached(run: RunDir) -> float:
    return max((row["kimg"] for row in read_lines(run.ticks)), default=0.0)


def _steps(run: RunDir, horizon_kimg: float) -> int:
    """Return the number of steps of a worker to its horizon, which a plan may round up to whole batches."""
    job = read_job(run.job(1))
    assert job
    assert horizon_kimg <= job.options.horizon_kimg < horizon_kimg + STEP_KIMG
    return math.ceil(job.options.horizon_kimg / STEP_KIMG - 1e-9)


def processes_with(*words: str) -> list[ProcessId]:
    """Return the processes with all of `words` in their command line."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if all(word in line for word in words):
            found.append(ProcessId.of(process.pid))
    return found


def last_state(run: RunDir) -> State | None:
    record = read_record(run.record(run.attempts()[-1])) if run.attempts() else None
    return record.state if record else None


def assert_whole(run: RunDir, horizon_kimg: float) -> None:
    """Assert that a trial is done, and that none of its rows is missing or recorded twice with different values."""
    assert last_state(run) is State.DONE
    kimgs = sorted({row["kimg"] for row in read_lines(run.ticks)})
    assert kimgs == [round(step * STEP_KIMG, 3) for step in range(1, _steps(run, horizon_kimg) + 1)]
    metrics = [row["metric"] for row in read_lines(run.metrics)]
    assert metrics == ["fid2k-lite0"]
