"""A store whose first run has diverged, with one run on its way and a figure, served; and a browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from analysis.figures.render import render
from analysis.report.pdf import BROWSERS
from analysis.synthetic_store import write_store
from analysis.tables.store import ResultStore
from infra.debian import CannotInstall, program
from tests.analysis.stores import WHOLE, loaded
from tests.dashboard.browsing import chromium
from tests.dashboard.rich_store import write_rich_store
from tests.dashboard.serving import Served, served
from trainer.record import State


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    runs = list(WHOLE)
    runs[0] = runs[0]._replace(kimg=60.0, diverged_kimg=60.0)
    runs[4] = runs[4]._replace(kimg=40.0, state=State.RUNNING)
    found = write_store(tmp_path_factory.mktemp("dashboard") / "store", runs, step_kimg=20.0)
    render("fid_curves", *loaded(found))
    return found


@pytest.fixture(scope="module")
def site(store: ResultStore) -> Iterator[Served]:
    with served(store) as found:
        yield found


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(write_rich_store(tmp_path_factory.mktemp("rich") / "store")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium, installed if there is none."""
    try:
        path = program(BROWSERS, "chromium")
    except CannotInstall as reason:
        pytest.skip(str(reason))
    with chromium(path) as started:
        yield started


@pytest.fixture
def markup() -> str:
    """Text that would act if it were taken for markup."""
    return "<img src=x onerror=alert(1)><script>alert(2)</script>"
