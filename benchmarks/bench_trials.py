"""python -m benchmarks.bench_trials: the overhead of a trial.

Runs many trials that do nothing, two at a time, by four runners in turn: adasweep on this machine; adasweep on a
temporary SLURM cluster; plain submitit's map_array on the same cluster; plain Ray Tune. A trial of adasweep is a
directory with a job, a record, a lease and a supervisor; a trial of the others is a function call. Needs root for
SLURM, and the extra `ray`.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from PIL import Image
from rich.console import Console

from infra.slurm.cluster import Cluster
from infra.slurm.packages import require
from infra.slurm.shape import SlurmShape
from orchestrator.backends.base import Backend
from orchestrator.backends.registry import open_backend
from orchestrator.backends.slurm.backend import SlurmBackend
from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.store.layout import Store
from orchestrator.store.process_id import ProcessId
from trainer.command_line.group import new_app
from trainer.command_line.options import names_in
from trainer.command_line.program import run_program
from trainer.errors import UserError
from trainer.runtime.processor import processor

WORKER = Path(__file__).with_name("noop_worker.py")
SWEEP = """
sweep: noop
base: {{preset: cifar, data: ./images}}
seeds: {trials}
horizon_kimg: 1
metrics: []
resources: {{cpus: 1, memory_gib: 0.25}}
"""
PROFILE = "throttle: {slots}\npoll_seconds: 5\nsettle_seconds: 8\narray_limit: 2000\nminutes: 60\n"
LOOK_SECONDS = 0.5


class Measured(NamedTuple):
    """One runner. `polls` counts queries to the cluster, or looks at the store if there is no cluster."""

    name: str
    trials: int
    slots: int
    submit_seconds: float
    wall_seconds: float
    polls: int | None

    @property
    def beyond_seconds(self) -> float:
        """Return the slot-seconds per trial, all of them overhead: the trials themselves take no time."""
        return self.wall_seconds * self.slots / self.trials


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a new folder, removed on exit."""
    path = Path(tempfile.mkdtemp(prefix="adasweep-noop-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def slurm(slots: int) -> Iterator[None]:
    """Run a temporary cluster with `slots` concurrent jobs."""
    require()
    cluster = Cluster.create(SlurmShape(nodes=1, cpus=slots), owner=ProcessId.of(os.getpid()))
    os.environ.update(cluster.environment)
    try:
        cluster.start()
        yield
    finally:
        cluster.stop()


def adasweep(name: str, trials: int, slots: int) -> Measured:
    """Run the trials through the dispatcher, as `adasweep run` does."""
    os.environ["ADASWEEP_WORKER"] = f"{sys.executable} -S {WORKER}"
    with folder() as root:
        store = Store(root / "store")
        store.root.mkdir()
        (store.root / "slurm.yaml").write_text(PROFILE.format(slots=slots))
        dispatcher, backend = prepared(store, root, name, trials, slots)
        started = time.monotonic()
        dispatcher.submit()
        submitted = time.monotonic()
        looks = 0
        while dispatcher.active:
            time.sleep(LOOK_SECONDS)
            dispatcher.refresh()
            dispatcher.submit()
            looks += 1
        if dispatcher.failed:
            raise RuntimeError(f"{len(dispatcher.failed)} trials failed")
        polls = backend.poller.calls if isinstance(backend, SlurmBackend) else looks
        wall = time.monotonic() - started
        return Measured(f"adasweep on {name}", trials, slots, submitted - started, wall, polls)


def prepared(store: Store, root: Path, name: str, trials: int, slots: int) -> tuple[Dispatcher, Backend]:
    """Return the dispatcher of a sweep with one trial per seed, and its backend."""
    images = root / "images"
    images.mkdir()
    for shade in range(4):
        Image.new("RGB", (32, 32), (shade, shade, shade)).save(images / f"{shade}.png")
    (root / "noop.yaml").write_text(SWEEP.format(trials=trials))
    backend = open_backend(name, store, slots if name == "local" else None)
    return Dispatcher(store, plan_sweep(store, Request(root / "noop.yaml", backend=name)), backend), backend


def nothing(number: int) -> int:
    """Return `number`: a trial of the other runners."""
    return number


def submitit_map_array(trials: int, slots: int) -> Measured:
    """Run the trials as a job array of plain submitit."""
    import submitit

    with folder() as root:
        executor = submitit.SlurmExecutor(root)
        executor.update_parameters(array_parallelism=slots, cpus_per_task=1, mem="256M", time=60)
        started = time.monotonic()
        jobs = executor.map_array(nothing, list(range(trials)))
        submitted = time.monotonic()
        if [job.result() for job in jobs] != list(range(trials)):
            raise RuntimeError("submitit lost a result")
        wall = time.monotonic() - started
        return Measured("submitit map_array", trials, slots, submitted - started, wall, jobs[0].watcher.num_calls)


def ray_tune(trials: int, slots: int) -> Measured:
    """Run the trials as samples of plain Ray Tune."""
    os.environ |= {"RAY_AIR_NEW_OUTPUT": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    import ray
    from ray import tune

    with folder() as root:
        ray.init(num_cpus=slots, include_dashboard=False, object_store_memory=100_000_000, log_to_driver=False)
        tuner = tune.Tuner(
            tune.with_resources(lambda config: tune.report({"seen": config["seed"]}), {"cpu": 1}),
            param_space={"seed": tune.grid_search(list(range(trials)))},
            run_config=tune.RunConfig(storage_path=str(root), name="noop", verbose=0),
        )
        started = time.monotonic()
        results = tuner.fit()
        wall = time.monotonic() - started
        ray.shutdown()
        if results.num_errors or len(results) != trials:
            raise RuntimeError("Tune lost a trial")
        return Measured("Ray Tune", trials, slots, 0.0, wall, None)


def table(measured: list[Measured]) -> str:
    """Return the results as a Markdown table."""
    lines = [
        "| runner | trials | at a time | submit, s | all, s | polls | s per trial and slot |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in measured:
        submit = f"{row.submit_seconds:.1f}" if row.submit_seconds else "as it goes"
        polls = "none" if row.polls is None else str(row.polls)
        numbers = (row.trials, row.slots, submit, f"{row.wall_seconds:.0f}", polls, f"{row.beyond_seconds:.2f}")
        lines.append(" | ".join(["| " + row.name, *map(str, numbers)]) + " |")
    return "\n".join([*lines, ""])


RUNNERS: dict[str, Callable[[int, int], Measured]] = {
    "local": lambda trials, slots: adasweep("local", trials, slots),
    "slurm": lambda trials, slots: adasweep("slurm", trials, slots),
    "submitit": submitit_map_array,
    "tune": ray_tune,
}
TrialsOption = Annotated[int, typer.Option("--trials", min=1, help="Trials per runner.")]
SlotsOption = Annotated[int, typer.Option("--slots", min=1, help="Trials that run at a time.")]
OnlyOption = Annotated[
    str | None, typer.Option("--only", metavar="A,B,...", help=f"Runners: {', '.join(RUNNERS)}.", show_default="all")
]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Also write the table to FILE.")]

app = new_app()


@app.command()
def main(trials: TrialsOption = 1000, slots: SlotsOption = 2, only: OnlyOption = None, out: OutOption = None) -> int:
    """Measure the overhead of a trial, and print a table."""
    console, measured = Console(stderr=True), list[Measured]()
    wanted = names_in(only) or tuple(RUNNERS)
    if unknown := sorted(set(wanted) - set(RUNNERS)):
        raise UserError("--only", f"no such runner: {', '.join(unknown)}", f"choose from {', '.join(RUNNERS)}")
    with slurm(slots) if {"slurm", "submitit"} & set(wanted) else nullcontext():
        for name in wanted:
            console.print(f"{name}: {trials} trials")
            measured.append(RUNNERS[name](trials, slots))
            console.print(f"  {measured[-1].wall_seconds:.0f} s, load {os.getloadavg()[0]:.1f}")
    text = f"{processor()}, {os.cpu_count()} CPUs\n\n{table(measured)}"
    sys.stdout.write(text)
    if out:
        out.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(run_program(app, sys.argv[1:], "python -m benchmarks.bench_trials"))
