"""python -m benchmarks.bench_dashboard: the dashboard of a large SYNTHETIC store, beside MLflow's own UI.

Writes the store to a temporary directory, collects it, starts `adasweep dashboard` and asks it as a browser would. With
--mlflow, MLflow's server is then asked for the same runs and scores as its page does: 100 runs, and their curves. CPU
seconds are those of the server: other processes on the machine lengthen the seconds. Targets: first page 1 s, sweep's
page 2 s, update 0.3 s, memory 1 GB; of more than 2,000 trials 5 s, 5 s, 1 s, 4 GB.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

import psutil
import typer
from rich.console import Console
from rich.table import Table

from analysis.synthetic_store import METRIC
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from benchmarks.bench_collect import touch_some, write_store
from trainer.command_line.group import new_app
from trainer.command_line.program import run_program

GIB, GB = 2**30, 1e9
PAGE_OF_RUNS = 100
"""How many runs MLflow's pages ask for at once."""
SHOWN = 320
"""How many points of a curve they ask for."""


class Targets(NamedTuple):
    """The most seconds for the first page, the page of a sweep and an update, and the most GB of memory."""

    first: float
    sweep: float
    update: float
    memory: float


TARGETS = Targets(1.0, 2.0, 0.3, 1.0)
TARGETS_OF_MORE = Targets(5.0, 5.0, 1.0, 4.0)
MOST_OF_FIRST = 2000
"""Stores of more trials have TARGETS_OF_MORE."""


class Row(NamedTuple):
    """What was asked, the seconds it took (also of CPU), the bytes sent, and the most seconds that it should take."""

    what: str
    seconds: float
    cpu: float
    size: int
    aim: float | None = None


class Reply(NamedTuple):
    """Seconds, CPU seconds of the server, bytes sent, and the content."""

    seconds: float
    cpu: float
    size: int
    content: bytes


class Site(NamedTuple):
    """A server, its process, and the seconds from its start until it said its address."""

    url: str
    process: psutil.Process
    started: float = 0.0

    def ask(self, path: str, body: object = None) -> Reply:
        headers = {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        began, spent = time.perf_counter(), self.cpu
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=600) as answer:
            content = answer.read()
        took = time.perf_counter() - began
        plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        return Reply(took, self.cpu - spent, len(content), plain)

    def row(self, what: str, path: str, aim: float | None = None) -> Row:
        return Row(what, *self.ask(path)[:3], aim)

    @property
    def cpu(self) -> float:
        """The CPU seconds of the process and of those it has started."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(sum(one.cpu_times()[:2]) for one in family))

    @property
    def gib(self) -> float:
        """The resident memory of the process and of those it has started."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(one.memory_info().rss for one in family)) / GIB


@contextmanager
def dashboard(store: ResultStore) -> Iterator[Site]:
    """Serve the dashboard of a store, from the moment it says its address."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "analysis", "dashboard", "--port", "0", "--store", str(store.path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as one:
        assert one.stdout is not None
        try:
            address = one.stdout.readline().rpartition(" ")[2].strip()
            yield Site(address.rstrip("/"), psutil.Process(one.pid), time.perf_counter() - began)
        finally:
            one.terminate()


def ours(site: Site, store: ResultStore, targets: Targets) -> Iterator[Row]:
    """Yield what the pages ask for, and how long after a change of ten runs they know of it."""
    yield Row("start, until the server has read the tables and says its address", site.started, site.cpu, 0)
    yield site.row("first page, as soon as the server says its address", "/", targets.first)
    yield site.row("first page again", "/", targets.first)
    yield site.row("page of the sweep, for the first time", "/sweeps/bench", targets.sweep)
    yield site.row("page of the sweep again", "/sweeps/bench", targets.sweep)
    time.sleep(10.0)
    known = _revision(site)
    touch_some(store)
    began, spent = time.perf_counter(), site.cpu
    while (now := _revision(site)) == known:
        time.sleep(0.1)
    took, cpu = time.perf_counter() - began, site.cpu - spent
    yield Row("ten runs have changed: the server knows it (in the background)", took, cpu, 0)
    changes, regions = site.ask(f"/api/sweeps/bench/changes?since={known}"), site.ask("/sweeps/bench?regions=true")
    assert json.loads(changes.content)["revision"] == now
    both = [one + other for one, other in zip(changes[:3], regions[:3], strict=True)]
    yield Row("the page of the sweep is brought up to date", both[0], both[1], int(both[2]), targets.update)
    yield site.row("a question whether something has changed", "/api/revision", targets.update)


def _revision(site: Site) -> str:
    return str(json.loads(site.ask("/api/revision").content)["revision"])


def theirs(site: Site) -> Iterator[Row]:
    """Yield what MLflow's page of runs asks for."""
    body = {"experiment_ids": ["0"], "max_results": PAGE_OF_RUNS, "order_by": ["attributes.start_time DESC"]}
    found = site.ask("/ajax-api/2.0/mlflow/runs/search", body)
    yield Row(f"MLflow: {PAGE_OF_RUNS} runs", *found[:3])
    runs = [("run_ids", run["info"]["run_id"]) for run in json.loads(found.content)["runs"]]
    query = urlencode([*runs, ("metric_key", METRIC), ("max_results", SHOWN)])
    path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{query}"
    yield site.row("MLflow: their curves", path)


@contextmanager
def mlflow(store: ResultStore) -> Iterator[Site]:
    """Serve the same runs with MLflow's server."""
    from benchmarks import mlflow_side
    from infra.mlflow.server import MlflowServer

    server = MlflowServer(store.path, mlflow_side.fill(store, store.path / "mlflow.db", METRIC))
    server.start()
    assert server.process is not None
    try:
        yield Site(server.uri, psutil.Process(server.process.pid))
    finally:
        server.kill()


TrialsOption = Annotated[int, typer.Option("--trials", min=1, help="Trials of the synthetic store.")]
EvaluationsOption = Annotated[int, typer.Option("--evaluations", min=1, help="Evaluations of each trial.")]
MlflowOption = Annotated[bool, typer.Option("--mlflow", help="Ask MLflow's server for the same runs.")]

app = new_app()


@app.command()
def main(trials: TrialsOption = 2000, evaluations: EvaluationsOption = 125, with_mlflow: MlflowOption = False) -> int:
    """Measure the dashboard of a large store. Exit code 1 if a target is missed."""
    console = Console()
    targets = TARGETS if trials <= MOST_OF_FIRST else TARGETS_OF_MORE
    with tempfile.TemporaryDirectory(prefix="adasweep-bench-") as directory:
        store = write_store(Path(directory), trials, evaluations, console)
        collect(store)
        with dashboard(store) as site:
            rows = list(ours(site, store, targets))
            memory = {"adasweep dashboard": site.gib}
        if with_mlflow:
            with mlflow(store) as site:
                rows += theirs(site)
                memory["mlflow server"] = site.gib
    table = Table(
        "what", "seconds", "CPU seconds", "kB sent", "target", title=f"{trials:,} trials x {evaluations} evaluations"
    )
    for row in rows:
        aim = "" if row.aim is None else f"< {row.aim:g}{'' if row.seconds < row.aim else '  MISSED'}"
        table.add_row(row.what, f"{row.seconds:.3f}", f"{row.cpu:.2f}", f"{row.size / 1000:,.1f}", aim)
    console.print(table)
    console.print("; ".join(f"{name}: {gib:.2f} GiB resident" for name, gib in memory.items()))
    is_missed = any(row.aim is not None and row.seconds >= row.aim for row in rows)
    return int(is_missed or memory["adasweep dashboard"] * GIB > targets.memory * GB)


if __name__ == "__main__":
    sys.exit(run_program(app, sys.argv[1:], "python -m benchmarks.bench_dashboard"))
