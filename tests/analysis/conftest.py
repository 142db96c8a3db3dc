"""Stores on disk; every warning in a test of analysis is an error."""

from pathlib import Path

import pytest

from analysis.synthetic_store import write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE
from trainer.record import State


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("error"))


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    """A sweep in which every run is done."""
    return write_store(tmp_path / "store", WHOLE, step_kimg=20.0, files=False)


@pytest.fixture
def troubled(tmp_path: Path) -> ResultStore:
    """The same sweep with its first run diverged, the fifth running, and the last cell not started."""
    runs = WHOLE[:-3]
    runs[0] = runs[0]._replace(kimg=60.0, diverged_kimg=60.0)
    runs[4] = runs[4]._replace(kimg=40.0, state=State.RUNNING)
    return write_store(tmp_path / "store", runs, missing=WHOLE[-3:], step_kimg=20.0, files=False)
