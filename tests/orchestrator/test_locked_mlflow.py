"""A database of MLflow that another process has locked during a whole run: the run ends well, `record` catches up."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.store.layout import Store
from orchestrator.store.lease import holder
from tests.orchestrator.test_killed_launcher import assert_all_is_recorded
from tests.orchestrator.test_recorder import empty_database as empty_database
from tests.orchestrator.test_run import adasweep, until
from tests.support.tiny_sweep import SWEEP

pytestmark = pytest.mark.usefixtures("scripted")


@pytest.mark.timeout(900)
def test_a_run_beside_a_locked_database_ends_with_one_line_and_is_recorded_later(
    store: Store, sweep_file: Callable[[str], Path], empty_database: Path
) -> None:
    database = store.root / "mlflow.db"
    shutil.copy(empty_database, database)
    with closing(sqlite3.connect(database)) as writing:
        writing.execute("BEGIN EXCLUSIVE")
        done = adasweep(store, "run", sweep_file(SWEEP))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    behind = [line for line in done.stderr.splitlines() if line.startswith("MLflow is behind")]
    assert len(behind) == 1, done.stderr
    assert behind[0].startswith("MLflow is behind by 4 of 4 trials ("), done.stderr
    assert "database is locked" in behind[0], done.stderr
    assert behind[0].endswith(("to update it, run: adasweep record", "continues to record")), done.stderr
    until(lambda: not is_recording(store))
    assert adasweep(store, "record").returncode == 0
    assert_all_is_recorded(store)


def is_recording(store: Store) -> bool:
    """Return whether the recorder of the run, which may make another pass, is still there."""
    held = holder(store.root / "mlflow")
    return held is not None and held.is_alive(time.time())
