"""What MLflow has lost since it was recorded is noticed and recorded again, whatever the recorder's notes say."""

import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from orchestrator.recorders.cursor import is_behind
from orchestrator.recorders.ingest import has_changes, record_once
from orchestrator.recorders.target import MlflowTarget, default_target, sqlite_uri
from orchestrator.store.layout import Store
from tests.orchestrator.test_recorder import empty_database as empty_database
from tests.orchestrator.test_recorder import metric, record
from tests.orchestrator.test_recorder import run as run
from trainer.files import append_lines
from trainer.record import RunDir

RECORD = """
import sys
from orchestrator.cli import main
sys.exit(main(["record"]) or "mlflow" in sys.modules)
"""


@pytest.fixture
def drawn(store: Store, run: RunDir) -> RunDir:
    """A finished trial of a sweep with a figure."""
    figures = store.root / "figures" / "demo"
    figures.mkdir(parents=True)
    (figures / "fid_curves.csv").write_text("kimg,fid\n1,100\n")
    return run


def record_anew(store: Store) -> bool:
    """Record in a process of its own, as MLflow opens a database once in each; return whether it needed MLflow."""
    done = subprocess.run([sys.executable, "-c", RECORD], env={"ADASWEEP_STORE": str(store.root)}, check=False)
    assert done.returncode in (0, 1)
    return bool(done.returncode)


def runs(database: Path) -> Counter[str]:
    """Return the number of runs that are not deleted, by experiment."""
    query = (
        "SELECT experiments.name FROM runs JOIN experiments USING (experiment_id) WHERE runs.lifecycle_stage = 'active'"
    )
    with sqlite3.connect(database) as opened:
        return Counter(name for (name,) in opened.execute(query))


def fid_steps(database: Path) -> list[int]:
    query = "SELECT step FROM metrics WHERE key = 'fid2k-lite0' ORDER BY step"
    with sqlite3.connect(database) as opened:
        return [step for (step,) in opened.execute(query)]


@pytest.mark.usefixtures("drawn")
def test_figures_are_lost_with_a_database_and_recorded_again(store: Store, empty_database: Path) -> None:
    assert record_anew(store)
    assert not record_anew(store)
    shutil.copy(empty_database, store.root / "mlflow.db")
    assert record_anew(store)
    assert runs(store.root / "mlflow.db") == {"adasweep": 1, "adasweep figures": 1}
    assert not record_anew(store)


@pytest.mark.usefixtures("drawn")
def test_figures_deleted_in_mlflows_pages_are_recorded_again(store: Store) -> None:
    client = record(store).client
    place = client.get_experiment_by_name("adasweep figures")
    assert place
    (figures,) = client.search_runs([place.experiment_id])
    client.delete_run(figures.info.run_id)
    assert record_anew(store)
    assert runs(store.root / "mlflow.db") == {"adasweep": 1, "adasweep figures": 1}
    assert not record_anew(store)


def test_what_an_older_database_lacks_is_recorded_again_and_the_rest_not_twice(store: Store, run: RunDir) -> None:
    record(store)
    database = store.root / "mlflow.db"
    shutil.copy(database, store.root / "kept.db")
    append_lines(run.metrics, [metric(3.0, 40.0)])
    assert record_anew(store)
    (store.root / "kept.db").replace(database)
    assert fid_steps(database) == [1000, 2000]
    assert record_anew(store)
    assert fid_steps(database) == [1000, 2000, 3000]
    assert runs(database) == {"adasweep": 1}
    assert not record_anew(store)


def test_points_that_mlflow_refuses_are_no_loss(store: Store, run: RunDir) -> None:
    append_lines(run.metrics, [metric(3.0, 40.0) | {"metric": "../up"}])
    record(store)
    assert not has_changes(store, default_target(store))


def elsewhere(store: Store, database: Path) -> MlflowTarget:
    """Return a target that only MLflow can read, such as a server, over an SQLite file."""
    return replace(default_target(store), uri=sqlite_uri(database), database=None, file=None)


@pytest.mark.usefixtures("drawn")
def test_a_server_is_asked_once_what_it_holds(store: Store, tmp_path: Path, empty_database: Path) -> None:
    shutil.copy(empty_database, tmp_path / "server.db")
    target = elsewhere(store, tmp_path / "server.db")
    client = MlflowClient(target.uri)
    for _ in range(2):
        assert record_once(store, target, sys.stderr.write).problem == ""
        assert runs(tmp_path / "server.db") == {"adasweep": 1, "adasweep figures": 1}
        for name in ("adasweep", "adasweep figures"):
            place = client.get_experiment_by_name(name)
            assert place
            for found in client.search_runs([place.experiment_id]):
                client.delete_run(found.info.run_id)
    assert has_changes(store, target)
    assert not has_changes(store, target, has_asked=True)


def test_a_server_that_does_not_answer_is_no_success(
    store: Store, run: RunDir, tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    shutil.copy(empty_database, tmp_path / "server.db")
    target = elsewhere(store, tmp_path / "server.db")
    assert record_once(store, target, sys.stderr.write).problem == ""
    assert "127.0.0.1" in record_once(store, replace(target, uri="http://127.0.0.1:9"), sys.stderr.write).problem
    assert not is_behind(store, target, [run.path.name])
