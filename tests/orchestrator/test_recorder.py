"""Recording into a real MLflow database, read back with MLflow's client."""

import json
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from PIL import Image

from orchestrator.cli import main
from orchestrator.recorders import ingest
from orchestrator.recorders.cursor import Cursor, is_behind, new_points
from orchestrator.recorders.mlflow import STATUS, Ingester
from orchestrator.recorders.target import default_target
from orchestrator.store.layout import Store
from orchestrator.store.lease import acquire
from orchestrator.supervisor.command import environment
from tests.orchestrator.attempts import new_attempt, new_trial
from trainer.files import append_lines, replace_file
from trainer.record import RunDir, RunRecord, State
from trainer.recording.fence import Fence
from trainer.recording.set_aside import set_aside

T0 = 1_700_000_000.0
Rows = list[dict[str, Any]]


def tick(kimg: float, seconds: float = 0.0, attempt: int = 1) -> dict[str, Any]:
    row = {"attempt": attempt, "kimg": kimg, "time": T0 + kimg + seconds, "p": kimg / 10, "r_v": None}
    return row | {"stats": {"Loss/G/loss": 1.0}}


def metric(kimg: float, value: float, seconds: float = 0.0) -> dict[str, Any]:
    return {"attempt": 1, "kimg": kimg, "time": T0 + kimg + seconds, "metric": "fid2k-lite0", "value": value}


def write_record(run: RunDir, state: State, number: int = 1, kimg: float = 2.0) -> None:
    fields = {"attempt": number, "state": state, "kimg": kimg, "horizon_kimg": 2, "started": T0, "updated": T0 + 99}
    record = RunRecord.model_validate({**fields, "host": "h", "pid": 1, "exit_code": 0})
    replace_file(run.record(number), record.model_dump_json())


def plan(store: Store, sweep: str, *runs: RunDir) -> None:
    cells = [
        {"cell": f"cell{i}", "settings": {}, "seed": 0, "trial": run.path.name, "horizon_kimg": 2}
        for i, run in enumerate(runs)
    ]
    replace_file(store.plan(sweep), json.dumps({"sweep": sweep, "tier": "", "cells": cells}))


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with empty MLflow tables, created once because it takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "empty.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def run(store: Store, empty_database: Path) -> RunDir:
    shutil.copy(empty_database, store.root / "mlflow.db")
    run = new_trial(store)
    new_attempt(run)
    write_record(run, State.DONE)
    append_lines(run.ticks, [tick(1.0), tick(2.0)])
    append_lines(run.metrics, [metric(1.0, 90.0), metric(2.0, 50.0)])
    run.samples.mkdir()
    for name in ("fakes-000001.000.png", "reals.png"):
        Image.new("L", (8, 8)).save(run.samples / name)
    plan(store, "demo", run)
    return run


def record(store: Store) -> Ingester:
    ingester = Ingester(store, default_target(store))
    ingester.ingest(time.time(), lambda: None)
    return ingester


def only_run(ingester: Ingester) -> Any:
    (found,) = ingester.client.search_runs([ingester.experiment])
    return found


def history(ingester: Ingester, key: str) -> list[tuple[int, float]]:
    run_id = only_run(ingester).info.run_id
    return [(point.step, point.value) for point in ingester.client.get_metric_history(run_id, key)]


def test_a_trial_becomes_one_flat_run(store: Store, run: RunDir) -> None:
    ingester = record(store)
    found = only_run(ingester)
    assert (found.info.run_name, found.info.status, found.info.start_time) == ("cell0 #0", "FINISHED", T0 * 1000)
    assert history(ingester, "fid2k-lite0") == [(1000, 90.0), (2000, 50.0)]
    assert history(ingester, "Loss/G/loss") == [(1000, 1.0), (2000, 1.0)]
    assert found.data.params["augment.type"] == "ada"
    wanted = {"sweep": "demo", "trial": run.path.name, "tier": "full", "cell": "cell0", "attempts": "1", "host": "h"}
    assert wanted.items() <= found.data.tags.items()
    assert "mlflow.parentRunId" not in found.data.tags


@pytest.mark.usefixtures("run")
def test_sample_grids_are_images_with_a_step(store: Store) -> None:
    ingester = record(store)
    run_id = only_run(ingester).info.run_id
    images = [item.path for item in ingester.client.list_artifacts(run_id, "images")]
    assert any("fakes" in path and "1000" in path for path in images), images
    assert [item.path for item in ingester.client.list_artifacts(run_id, "samples")] == ["samples/reals.png"]


def test_recording_again_adds_only_what_is_new(store: Store, run: RunDir) -> None:
    record(store)
    append_lines(run.metrics, [metric(2.0, 50.0, seconds=7), metric(3.0, 40.0)])
    ingester = record(store)
    assert history(ingester, "fid2k-lite0") == [(1000, 90.0), (2000, 50.0), (3000, 40.0)]


@pytest.mark.usefixtures("run")
def test_losing_the_cursors_doubles_nothing(store: Store) -> None:
    record(store)
    for path in default_target(store).cursors.glob("*.json"):
        path.unlink()
    ingester = record(store)
    assert history(ingester, "fid2k-lite0") == [(1000, 90.0), (2000, 50.0)]


def test_ground_gone_over_twice_is_recorded_once(run: RunDir) -> None:
    append_lines(run.ticks, [tick(1.0, 50, attempt=2), tick(2.0, 50, attempt=2), tick(3.0, 50, attempt=2)])
    points, cursor = new_points(run, Cursor())
    assert [point.step for point in points if point.key == "p"] == [1000, 2000, 3000]
    assert new_points(run, cursor)[0] == []


def test_a_torn_line_is_read_once_it_is_complete(run: RunDir) -> None:
    _, cursor = new_points(run, Cursor())
    line = json.dumps(metric(4.0, 1.0))
    with run.metrics.open("a") as file:
        file.write(line[:20])
    points, cursor = new_points(run, cursor)
    assert points == []
    with run.metrics.open("a") as file:
        file.write(line[20:] + "\n")
    assert [point.value for point in new_points(run, cursor)[0]] == [1.0]


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_status(state: State) -> None:
    assert STATUS[state] in {"SCHEDULED", "RUNNING", "FINISHED", "FAILED", "KILLED"}


def test_statuses_are_true_through_preemption_and_resumption(store: Store, run: RunDir) -> None:
    seen = []
    lease = acquire(run.path)
    write_record(run, State.RUNNING)
    seen.append(only_run(record(store)).info.status)
    lease.release()
    seen.append(only_run(record(store)).info.status)
    new_attempt(run)
    lease = acquire(run.path)
    write_record(run, State.RUNNING, 2)
    seen.append(only_run(record(store)).info.status)
    write_record(run, State.DONE, 2)
    lease.release()
    ingester = record(store)
    seen.append(only_run(ingester).info.status)
    assert seen == ["RUNNING", "KILLED", "RUNNING", "FINISHED"]
    assert history(ingester, "fid2k-lite0") == [(1000, 90.0), (2000, 50.0)]


def test_a_trial_of_two_sweeps_is_tagged_with_both(store: Store, run: RunDir) -> None:
    record(store)
    plan(store, "other", new_trial(store, 5), run)
    assert only_run(record(store)).data.tags["sweep"] == "demo,other"


def test_the_backlog_is_reported_without_mlflow(store: Store, run: RunDir) -> None:
    target = default_target(store)
    assert is_behind(store, target, [run.path.name])
    record(store)
    assert not is_behind(store, target, [run.path.name])
    append_lines(run.metrics, [metric(3.0, 40.0)])
    assert is_behind(store, target, [run.path.name])


def test_rebuilding_twice_gives_the_same_without_doubles(store: Store, run: RunDir) -> None:
    record(store)
    append_lines(run.metrics, [metric(3.0, 40.0)])
    for _ in range(2):
        assert ingest.main([str(store.root), "--rebuild"]) == 0
        assert in_database(store, "fid2k-lite0") == [(1000, 90.0), (2000, 50.0), (3000, 40.0)]
        assert len(list((store.root / "mlartifacts").iterdir())) == 1
    assert not is_behind(store, default_target(store), [run.path.name])


def in_database(store: Store, key: str) -> list[tuple[int, float]]:
    """Return a series without MLflow, which keeps its connection to a database that has been replaced."""
    with sqlite3.connect(store.root / "mlflow.db") as database:
        return database.execute("select step, value from metrics where key = ? order by step", [key]).fetchall()


def test_a_broken_database_is_complained_about_and_harms_nothing(
    store: Store, run: RunDir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    assert ingest.main([str(store.root), "--once"]) == 1
    assert "127.0.0.1" in capsys.readouterr().err
    assert before == {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert ingest.main([str(store.root), "--once"]) == 0


def test_a_second_recorder_leaves_the_first_alone(store: Store) -> None:
    lease = acquire(store.root / "mlflow")
    assert ingest.main([str(store.root), "--once"]) == 0
    assert not (store.root / "mlflow.db").exists()
    lease.release()


@pytest.mark.usefixtures("scripted")
def test_a_run_records_itself_and_continues_without_mlflow(
    store: Store,
    sweep_file: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    empty_database: Path,
) -> None:
    blocked = tmp_path / "blocked" / "mlflow"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ImportError('no MLflow here')")
    file = sweep_file("sweep: one\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 0.3\nmetrics: [fid2k]\n")
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", f"{environment()['PYTHONPATH'].split(':')[0]}:{tmp_path / 'blocked'}")
        assert main(["run", str(file), "--store", str(store.root)]) == 0
    assert not (store.root / "mlflow.db").exists()
    assert "no MLflow here" in (store.root / "mlflow" / "recorder.log").read_text()
    shutil.copy(empty_database, store.root / "mlflow.db")
    assert main(["run", str(file), "--store", str(store.root)]) == 0
    assert only_run(Ingester(store, default_target(store))).info.status == "FINISHED"


def test_telemetry_is_off() -> None:
    import os

    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert "mlflow" in sys.modules


def test_a_trial_that_started_over_is_recorded_without_its_first_training(store: Store, run: RunDir) -> None:
    record(store)
    set_aside(run, 2, Fence(run.lease, 2))
    new_attempt(run)
    write_record(run, State.PREEMPTED, 2, kimg=1.0)
    append_lines(run.ticks, [{**tick(1.0, 500.0, attempt=2), "p": 0.9}])
    append_lines(run.metrics, [metric(1.0, 70.0, 500.0)])
    ingester = record(store)
    assert history(ingester, "fid2k-lite0") == [(1000, 70.0)]
    assert history(ingester, "p") == [(1000, 0.9)]
    assert not is_behind(store, default_target(store), [run.path.name])
    (again,) = (only_run(record(store)).info.run_id,)
    assert again == only_run(ingester).info.run_id
