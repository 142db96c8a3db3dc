"""A new database of MLflow appears whole: whoever is killed, or cannot write, leaves nothing that stops the next."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from infra.waiting import wait_until
from orchestrator.cli import main
from orchestrator.recorders import ingest
from orchestrator.recorders.cursor import is_behind
from orchestrator.recorders.new_database import make_database
from orchestrator.recorders.report import error_line
from orchestrator.recorders.target import default_target
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment, python_module
from tests.orchestrator.attempts import new_attempt, new_trial
from tests.orchestrator.test_recorder import tick, write_record
from trainer.files import append_lines
from trainer.record import RunDir, State

SECONDS = 120.0


@pytest.fixture
def trial(store: Store) -> RunDir:
    run = new_trial(store)
    new_attempt(run)
    write_record(run, State.DONE)
    append_lines(run.ticks, [tick(1.0)])
    return run


def drafts(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("*mlflow.db") if path.is_file() and path.stat().st_size]


def is_half_made(database: Path) -> bool:
    """Return whether MLflow has come, from migration to migration, as far as its table of spans."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as opened:
            return opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'spans'").fetchone() is not None
    except sqlite3.Error:
        return False


def test_a_recorder_killed_while_it_makes_the_database_is_followed_by_one_that_records(
    store: Store, trial: RunDir
) -> None:
    command = [*python_module("orchestrator.recorders.ingest"), str(store.root), "--once"]
    recorder = subprocess.Popen(command, env=environment())
    wait_until(lambda: any(map(is_half_made, drafts(store))), SECONDS, "half a database")
    recorder.kill()
    recorder.wait()
    assert ingest.main([str(store.root), "--once"]) == 0
    assert not is_behind(store, default_target(store), [trial.path.name])
    assert drafts(store) == [store.root / "mlflow.db"]
    assert not list(store.root.glob(".mlflow.db*"))


@pytest.mark.usefixtures("trial")
def test_a_database_where_nothing_can_be_written_is_told_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////proc/runs.db")
    assert main(["record", "--store", str(store.root)]) == 75
    told = capsys.readouterr().err.splitlines()
    assert told[-1].endswith("FileNotFoundError: [Errno 2] No such file or directory: '/proc/runs.db'")
    assert len(told) == 2


def test_what_another_process_made_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "runs.db"
    file.write_text("full of runs")
    make_database(file)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("runs.db", "full of runs")]


WAITING = """
import pathlib, sqlite3, sys, time
from orchestrator.recorders.new_database import make_database
file, ready, go = map(pathlib.Path, sys.argv[1:])
connect = sqlite3.connect

def waiting(place, *rest, **options):
    if pathlib.Path(place) == file:
        ready.touch()
        while not go.exists():
            time.sleep(0.05)
    return connect(place, *rest, **options)

sqlite3.connect = waiting
make_database(file)
"""
RECORDING = """
import pathlib, sys
from mlflow import MlflowClient
from orchestrator.recorders.new_database import make_database
make_database(pathlib.Path(sys.argv[1]))
MlflowClient(tracking_uri=f"sqlite:///{sys.argv[1]}").create_experiment("between")
"""


def test_of_two_that_fill_one_empty_file_the_second_leaves_what_the_first_has_recorded(tmp_path: Path) -> None:
    file, ready, go = (tmp_path / name for name in ("runs.db", "ready", "go"))
    file.touch()
    second = subprocess.Popen([sys.executable, "-c", WAITING, file, ready, go])
    wait_until(ready.exists, SECONDS, "the second process, which has found the file empty")
    subprocess.run([sys.executable, "-c", RECORDING, file], check=True)
    go.touch()
    assert second.wait(SECONDS) == 0
    with closing(sqlite3.connect(file)) as database:
        names = {name for (name,) in database.execute("SELECT name FROM experiments")}
    assert names == {"Default", "between"}


def test_an_empty_file_is_filled_with_all_that_a_new_database_has(tmp_path: Path) -> None:
    new, empty = tmp_path / "new.db", tmp_path / "empty.db"
    empty.touch()
    for file in (new, empty):
        make_database(file)
    with closing(sqlite3.connect(new)) as one, closing(sqlite3.connect(empty)) as other:
        assert _content(one) == _content(other)


def _content(database: sqlite3.Connection) -> list[str]:
    """Return all statements that make a database, without times: MLflow adds indices and constraints in any order."""
    return sorted(_without_order(re.sub(r"\d{13}", "TIME", statement)) for statement in database.iterdump())


def _without_order(statement: str) -> str:
    return "\n".join(sorted(line.strip(", \t") for line in statement.split("\n")))


def test_a_long_error_keeps_its_beginning_and_the_reason_at_its_end() -> None:
    line = error_line(ValueError("no answer from the server " + "x" * 500 + " Connection refused"))
    assert line.startswith("ValueError: no answer from the server")
    assert line.endswith("Connection refused")
    assert len(line) == 300
