"""Recording into a real `mlflow server` over HTTP, which is killed, slow or broken; nothing waits for it."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from PIL import Image

from infra import daemons
from infra.debian import CannotInstall
from infra.mlflow.postgres import Postgres
from infra.mlflow.server import MlflowServer
from infra.waiting import wait_until
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment, python_module
from tests.cluster.faulty_proxy import FaultyProxy, Mode
from tests.cluster.trained import Command, Trained, is_mid_way, result, supervisor_of
from tests.orchestrator.attempts import let_go, new_attempt, new_trial
from tests.orchestrator.test_recorder import metric, plan, tick, write_record
from trainer.files import append_lines, read_lines
from trainer.record import RunDir, State, read_record

WRITERS = 8
POINTS = 100
SCRIPTED_SWEEP = "sweep: one\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nmetrics: [fid2k]\n"
Record = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder accessible to all users, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="adasweep-mlflow-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_server(folder: Path) -> Iterator[MlflowServer]:
    """An MLflow server with an SQLite file."""
    pytest.importorskip("flask", reason="the extra `ui` is not installed")
    (folder / "sqlite").mkdir()
    server = MlflowServer(folder / "sqlite", f"sqlite:///{folder}/sqlite/mlflow.db")
    yield from _running(server)


@pytest.fixture(scope="session")
def postgres_server(folder: Path) -> Iterator[MlflowServer]:
    """An MLflow server with its own PostgreSQL server."""
    pytest.importorskip("flask", reason="the extra `ui` is not installed")
    try:
        postgres = Postgres.create(folder / "postgres")
    except CannotInstall as reason:
        pytest.skip(str(reason))
    try:
        postgres.start()
        (folder / "over-postgres").mkdir()
        yield from _running(MlflowServer(folder / "over-postgres", postgres.uri))
    finally:
        postgres.stop()


def _running(server: MlflowServer) -> Iterator[MlflowServer]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def server(sqlite_server: MlflowServer) -> Iterator[MlflowServer]:
    """The server on SQLite, running again after each test."""
    yield sqlite_server
    if not sqlite_server.answers():
        sqlite_server.start()


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Record:
    """A function that runs `adasweep record` against a server."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")

    def adasweep_record(store: Store, uri: str, *options: str) -> "subprocess.CompletedProcess[str]":
        command = [*python_module("orchestrator"), "record", "--json", "--store", str(store.root), *options]
        variables = environment({"MLFLOW_TRACKING_URI": uri})
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=400, check=False)

    return adasweep_record


def a_store(root: Path, seed: int, points: int = 2) -> tuple[Store, RunDir]:
    """Write a store with one finished trial, its samples and its figures."""
    store = Store(root)
    run = new_trial(store, seed)
    new_attempt(run)
    write_record(run, State.DONE)
    append_lines(run.ticks, [tick(float(kimg)) for kimg in range(1, points + 1)])
    append_lines(run.metrics, [metric(float(kimg), 100.0 / kimg) for kimg in range(1, points + 1)])
    run.samples.mkdir()
    for name in ("fakes-000001.000.png", "fakes-000002.000.png", "reals.png"):
        Image.new("L", (8, 8)).save(run.samples / name)
    plan(store, "demo", run)
    figures = root / "figures" / "demo"
    figures.mkdir(parents=True)
    (figures / "fid_curves.csv").write_text("kimg,fid\n1,100\n")
    Image.new("L", (8, 8)).save(figures / "fid_curves.png")
    return store, run


def found(uri: str, store: Store, experiment: str = "adasweep") -> list[Any]:
    """Return the runs of a store on a server."""
    client = MlflowClient(tracking_uri=uri)
    place = client.get_experiment_by_name(experiment)
    name = (store.root / "mlflow" / "store-id").read_text()
    return list(client.search_runs([place.experiment_id], f"tags.store = '{name}'")) if place else []


def steps(uri: str, run_id: str, key: str) -> list[int]:
    return [point.step for point in MlflowClient(tracking_uri=uri).get_metric_history(run_id, key)]


def pictures(uri: str, run_id: str) -> Counter[tuple[str, str]]:
    """Return the number of full-size pictures for each key and step."""
    names = [Path(item.path).name for item in MlflowClient(tracking_uri=uri).list_artifacts(run_id, "images")]
    parts = [re.split(r"[%+]", name) for name in names if name.endswith(".png") and "compressed" not in name]
    return Counter((part[0], part[2]) for part in parts)


def assert_recorded(uri: str, store: Store, points: int = 2) -> str:
    """Assert that one run has everything of `a_store` exactly once, and return its id."""
    (run,) = found(uri, store)
    assert run.info.status == "FINISHED"
    assert run.data.params["augment.type"] == "ada"
    for key in ("fid2k-lite0", "p", "Loss/G/loss"):
        assert steps(uri, run.info.run_id, key) == [1000 * kimg for kimg in range(1, points + 1)]
    assert pictures(uri, run.info.run_id) == {("fakes", "1000"): 1, ("fakes", "2000"): 1}
    return str(run.info.run_id)


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_eight_stores_are_recorded_at_the_same_time(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: MlflowServer = request.getfixturevalue(f"{backend}_server")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    stores = [a_store(tmp_path / str(number), seed=number // 2, points=POINTS)[0] for number in range(WRITERS)]
    command = [sys.executable, "-m", "orchestrator.recorders.ingest", "--once"]
    with (tmp_path / "printed").open("wb") as printed:
        writers = [subprocess.Popen([*command, str(s.root)], stdin=subprocess.DEVNULL, stderr=printed) for s in stores]
        assert [writer.wait(600) for writer in writers] == [0] * WRITERS, (tmp_path / "printed").read_text()
    assert len({assert_recorded(server.uri, store, POINTS) for store in stores}) == WRITERS


def test_rebuilding_twice_leaves_one_of_everything_and_others_alone(
    server: MlflowServer, tmp_path: Path, record: Record
) -> None:
    (store, run), (other, _) = a_store(tmp_path / "a", 50), a_store(tmp_path / "b", 50)
    assert record(other, server.uri).returncode == 0
    assert record(store, server.uri).returncode == 0
    kept, first = assert_recorded(server.uri, other), assert_recorded(server.uri, store)
    append_lines(run.metrics, [metric(2.0, 50.0, seconds=9)])
    rebuilt = []
    for _ in range(2):
        done = record(store, server.uri, "--rebuild")
        assert done.returncode == 0, done.stderr
        rebuilt.append(assert_recorded(server.uri, store))
        assert len(found(server.uri, store, "adasweep figures")) == 1
    assert len({first, *rebuilt}) == 3
    assert assert_recorded(server.uri, other) == kept


def test_figures_are_artifacts_that_follow_the_files(server: MlflowServer, tmp_path: Path, record: Record) -> None:
    store, _ = a_store(tmp_path / "a", 60)
    for text in ("kimg,fid\n1,100\n", "kimg,fid\n1,90\n2,80\n"):
        (store.root / "figures" / "demo" / "fid_curves.csv").write_text(text)
        assert record(store, server.uri).returncode == 0
        (run,) = found(server.uri, store, "adasweep figures")
        client = MlflowClient(tracking_uri=server.uri)
        names = [item.path for item in client.list_artifacts(run.info.run_id)]
        assert names == ["fid_curves.csv", "fid_curves.png"]
        brought = client.download_artifacts(run.info.run_id, "fid_curves.csv", str(tmp_path))
        assert Path(brought).read_text() == text
    assert (run.data.tags["sweep"], run.info.status) == ("demo", "FINISHED")


def test_losing_the_cursors_or_dying_half_way_doubles_nothing(
    server: MlflowServer, tmp_path: Path, record: Record
) -> None:
    store, _ = a_store(tmp_path / "a", 70)
    for _ in range(2):
        assert record(store, server.uri).returncode == 0
        assert_recorded(server.uri, store)
        for cursor in (store.root / "mlflow").rglob("*.json"):
            if "lease" not in cursor.name:
                cursor.unlink()


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize(("mode", "seconds_for_one_request"), [("error", 0), ("hang", 3)])
def test_a_sweep_does_not_wait_for_a_server_out_of_order(
    mode: Mode,
    seconds_for_one_request: int,
    server: MlflowServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record: Record,
    store: Store,
) -> None:
    (tmp_path / "one.yaml").write_text(SCRIPTED_SWEEP)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    command = [*python_module("orchestrator"), "run", str(tmp_path / "one.yaml"), "--store", str(store.root)]
    with FaultyProxy(server.port) as proxy:
        proxy.mode = mode
        monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy.uri)
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=400, check=False)
        ended = time.time()
        assert (done.returncode, "MLflow is behind" in done.stderr) == (0, True), done.stderr
        assert proxy.asked
        (run,) = [store.run(trial) for trial in store.ids()]
        last = read_record(run.record(1))
        assert last
        assert last.state is State.DONE
        assert last.updated < ended - seconds_for_one_request, "its recorder had not given up once by then"
        assert last.updated - last.started < 60
        proxy.mode = "pass"
        reported = record(store, proxy.uri)
        assert (reported.returncode, json.loads(reported.stdout)["behind"]) == (0, False), reported.stderr
        (recorded,) = found(proxy.uri, store)
        assert recorded.info.status == "FINISHED"
        kimgs = [row["kimg"] for row in read_lines(run.ticks)]
        assert steps(proxy.uri, recorded.info.run_id, "p") == [round(kimg * 1000) for kimg in kimgs]


def test_a_killed_server_gets_later_what_it_missed(
    server: MlflowServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Record, calm: Trained
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    command = Command.prepare(tmp_path, "local", options=())
    launcher = command.begin()
    try:
        assert is_mid_way(command.run)
        server.kill()
        assert launcher.wait(400) == 0, command.printed
        assert "MLflow is behind" in command.printed
        assert command.run.attempts() == [1]
        assert result(command.run) == calm
    finally:
        command.stop()
    server.start()
    command.finish()
    assert record(command.store, server.uri).returncode == 0
    (run,) = found(server.uri, command.store)
    assert run.info.status == "FINISHED"
    assert steps(server.uri, run.info.run_id, "fid50-lite0") == [round(1000 * kimg) for kimg, _ in calm.metrics]
    assert steps(server.uri, run.info.run_id, "p") == [round(1000 * kimg) for kimg in calm.ticks]
    assert set(pictures(server.uri, run.info.run_id).values()) == {1}


@pytest.mark.usefixtures("scripted")
def test_what_was_killed_does_not_stay_running_in_mlflow(
    server: MlflowServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    (tmp_path / "one.yaml").write_text(f"{SCRIPTED_SWEEP}seeds: [100]\n")
    command = Command(store, tmp_path / "one.yaml", "local", ())
    launcher = command.start()
    try:
        wait_until(lambda: _statuses(server, store) == ["RUNNING"], 200, "MLflow to know the run")
        supervisor = supervisor_of(command.run)
        launcher.kill()
        launcher.wait()
        daemons.kill([supervisor])
        wait_until(lambda: _statuses(server, store) == ["KILLED"], 200, "MLflow to know of its end")
        let_go(command.run)
        command.finish()
    finally:
        command.stop()
    assert _statuses(server, store) == ["FINISHED"]


def _statuses(server: MlflowServer, store: Store) -> list[str]:
    if not (store.root / "mlflow" / "store-id").exists():
        return []
    return [run.info.status for run in found(server.uri, store)]
