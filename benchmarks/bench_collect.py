"""python -m benchmarks.bench_collect: how long the analysis of a large SYNTHETIC store takes.

Writes the store to a temporary directory (about 0.8 GB), measures, and removes it. With --mlflow-sample, reads the same
runs and scores with MLflow's search_runs and get_metric_history too, in the same process. Targets: collect from scratch
in 60 s, incrementally in 3 s, draw any figure in 3 s.
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from analysis import synthetic_store as synthetic
from analysis.figures.catalog import FIGURES
from analysis.figures.render import render
from analysis.results.load import load
from analysis.results.summary import summarize
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from trainer.command_line.group import new_app, taking_several
from trainer.command_line.options import names_in
from trainer.command_line.program import run_program
from trainer.config.identity import trial_id
from trainer.config.plan_file import PlanFile
from trainer.config.train import TrainConfig

SIZES = (500, 1000, 2000, 5000, 10_000)
HORIZON_KIMG = 25_000.0
CHANGED = 10


def fake_runs(count: int) -> Iterator[synthetic.FakeRun]:
    """Yield `count` runs: 2 methods x 5 sizes, with as many seeds as needed."""
    for number in range(count):
        cell, seed = number % 10, number // 10
        yield synthetic.FakeRun(("none", "ada")[cell % 2], SIZES[cell // 2], seed, kimg=HORIZON_KIMG)


def write_store(path: Path, count: int, evaluations: int, console: Console) -> ResultStore:
    """Write the store without fsync; the configuration of a cell is built once and reused for its seeds."""
    store = ResultStore(path)
    kimgs = [HORIZON_KIMG * (i + 1) / evaluations for i in range(evaluations)]
    configs: dict[synthetic.FakeRun, dict[str, Any]] = {}
    cells = []
    for run in track(fake_runs(count), total=count, description="writing", console=console):
        first = run._replace(seed=0)
        config = configs.setdefault(first, synthetic.config_of(first))
        config = config | {"seed": run.seed, "data": config["data"] | {"subset_seed": run.seed}}
        trial = trial_id(TrainConfig.model_validate(config))
        cells.append(synthetic.planned_run(run, trial, HORIZON_KIMG))
        write_trial(store, run, trial, config, kimgs)
    plan = PlanFile(sweep="bench", tier="synthetic", score="fid2k", cells=tuple(cells))
    store.plan("bench").parent.mkdir(parents=True)
    store.plan("bench").write_text(plan.model_dump_json())
    return store


def write_trial(store: ResultStore, run: synthetic.FakeRun, trial: str, config: Any, kimgs: list[float]) -> None:
    """Write the files of one trial."""
    directory = store.run(trial)
    directory.attempt(1).mkdir(parents=True)
    directory.trial.write_text(json.dumps({"schema_version": 1, "id": trial, "config": config, "created": 1.7e9}))
    directory.record(1).write_text(synthetic.record_of(run, HORIZON_KIMG).model_dump_json())
    noise = run._replace(seed=run.seed % 100)
    directory.metrics.write_text("".join(json.dumps(synthetic.score_line(noise, kimg)) + "\n" for kimg in kimgs))
    directory.ticks.write_text("".join(json.dumps(synthetic.tick_line(noise, kimg)) + "\n" for kimg in kimgs))


def touch_some(store: ResultStore) -> None:
    """Append an evaluation to ten trials spread over the store."""
    trials = list(store.trials())
    for trial in trials[:: max(len(trials) // CHANGED, 1)][:CHANGED]:
        with store.run(trial).metrics.open("a") as file:
            file.write(json.dumps(synthetic.score_line(synthetic.FakeRun("ada", 500, 0), HORIZON_KIMG)) + "\n")


class Times(NamedTuple):
    """Wall-clock and CPU seconds; other processes on the machine lengthen the former."""

    wall: float
    cpu: float


def timed(action: Callable[[], Any]) -> Times:
    """Return how long `action` took."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return Times(time.perf_counter() - wall, time.process_time() - cpu)


def draw(store: ResultStore, name: str) -> None:
    """Load the sweep and draw one of its figures."""
    render(name, *load(store, "bench"))


def measure(store: ResultStore, figures: Iterable[str]) -> Iterator[tuple[str, Times, float]]:
    """Yield each step, its duration, and its target in seconds."""
    yield "collect from scratch", timed(lambda: collect(store)), 60.0
    yield "collect, nothing changed", timed(lambda: collect(store)), 3.0
    touch_some(store)
    yield f"collect, {CHANGED} trials changed", timed(lambda: collect(store)), 3.0
    for name in figures:
        yield f"load and draw {name}", timed(partial(draw, store, name)), 3.0
    yield "load and summarize", timed(lambda: summarize(*load(store, "bench"))), 3.0


def compare(store: ResultStore, sample: int, console: Console) -> None:
    """Read the same runs and scores from the tables, then through MLflow, and print the ratio."""
    from benchmarks import mlflow_side

    uri = mlflow_side.fill(store, store.path / "mlflow.db", synthetic.METRIC)
    ours = timed(lambda: load(store, "bench")[1].scores)
    theirs = mlflow_side.read(uri, synthetic.METRIC, sample)
    console.print(
        f"runs and scores from the tables: {ours.wall:.2f} s. MLflow: search_runs {theirs.search:.1f} s for "
        f"{theirs.runs:,} runs, get_metric_history {theirs.histories:.1f} s for {theirs.sample:,} of them "
        f"({theirs.points:,} points); scaled to all runs {theirs.scaled:.0f} s, "
        f"{theirs.scaled / ours.wall:.0f} times ours"
    )


TrialsOption = Annotated[int, typer.Option("--trials", min=1, help="Trials of the synthetic store.")]
EvaluationsOption = Annotated[int, typer.Option("--evaluations", min=1, help="Evaluations of each trial.")]
FiguresOption = Annotated[
    list[str] | None, typer.Option("--figures", metavar="NAME ...", help="Figures to draw.", show_default="all")
]
SampleOption = Annotated[
    int, typer.Option("--mlflow-sample", min=0, help="Histories to read through MLflow; 0 skips the comparison.")
]

app = new_app()


@app.command(cls=taking_several("--figures"))
def main(
    trials: TrialsOption = 10_000,
    evaluations: EvaluationsOption = 125,
    figures: FiguresOption = None,
    mlflow_sample: SampleOption = 0,
) -> int:
    """Measure the analysis of a large store. Exit code 1 if a target is missed."""
    console = Console()
    table = Table("step", "seconds", "CPU seconds", "target", title=f"{trials:,} trials x {evaluations} evaluations")
    missed = 0
    with tempfile.TemporaryDirectory(prefix="adasweep-bench-") as directory:
        store = write_store(Path(directory), trials, evaluations, console)
        gc.freeze()  # a real command would not hold the objects that writing left in memory
        for what, took, aim in measure(store, names_in(figures) or tuple(FIGURES)):
            missed += took.wall > aim
            verdict = "" if took.wall <= aim else "  MISSED"
            table.add_row(what, f"{took.wall:.2f}", f"{took.cpu:.2f}", f"< {aim:g}{verdict}")
            console.print(f"{what}: {took.wall:.2f} s, {took.cpu:.2f} s of CPU")
        if mlflow_sample:
            compare(store, mlflow_sample, console)
    console.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(run_program(app, sys.argv[1:], "python -m benchmarks.bench_collect"))
