"""A sweep that is looked at while it runs: what appears, diverges or fails shows within seconds, without a reload."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.pages import sweep_data
from analysis.dashboard.sweep_changes import sweep_changes
from analysis.synthetic_store import FakeRun, id_of, write_store, write_trial
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded
from tests.dashboard.browsing import opened
from tests.dashboard.serving import served
from trainer.record import State

RUNNING = WHOLE[1]._replace(kimg=40.0, state=State.RUNNING)
SECONDS = 20


@pytest.fixture
def started(tmp_path: Path) -> ResultStore:
    """A store with one run done, one running and two to come."""
    runs = [WHOLE[0], RUNNING]
    store = write_store(tmp_path / "store", runs, missing=WHOLE[2:4], step_kimg=20.0, files=False)
    loaded(store)
    return store


def rewrite(store: ResultStore, run: FakeRun) -> None:
    """Write the files of a run as they are now."""
    shutil.rmtree(store.run(id_of(run)).path, ignore_errors=True)
    write_trial(store, run, 100.0, 20.0)


def shown(page: Any, words: str) -> Callable[[], float]:
    """Return a function that waits until words are shown in the head of the page, and returns for how long it did."""
    began = time.monotonic()

    def wait() -> float:
        page.wait_for_selector(f"[data-region=head] :text('{words}')", timeout=SECONDS * 1000)
        return time.monotonic() - began

    return wait


@pytest.mark.xdist_group("browser")
def test_runs_that_appear_diverge_and_fail_show_without_a_reload(browser: Any, started: ResultStore) -> None:
    with served(started) as site, opened(browser, f"{site.url}/sweeps/synthetic") as page:
        page.wait_for_selector("#live:has-text('live')")
        page.evaluate("window.stayed = true")
        for run, words in (
            (WHOLE[2]._replace(kimg=20.0, state=State.RUNNING), "2 running"),
            (RUNNING._replace(kimg=60.0, diverged_kimg=60.0), "1 diverged"),
            (WHOLE[2]._replace(kimg=40.0, state=State.FAILED), "1 failed"),
            (WHOLE[3], "2 done"),
        ):
            rewrite(started, run)
            assert shown(page, words)() < SECONDS
        page.get_by_label("One row per").select_option("runs")
        states = page.locator("#table tbody .chip").all_inner_texts()
        assert states == ["done", "diverged", "failed", "done"]
        assert page.evaluate("window.stayed")


@pytest.mark.xdist_group("browser")
def test_only_runs_that_changed_are_sent(browser: Any, started: ResultStore) -> None:
    asked: list[str] = []
    with served(started) as site, opened(browser, f"{site.url}/sweeps/synthetic") as page:
        page.wait_for_selector("#live:has-text('live')")
        page.on("request", lambda request: asked.append(request.url.removeprefix(site.url)))
        rewrite(started, RUNNING._replace(kimg=100.0, state=State.DONE))
        page.wait_for_function("() => document.getElementById('chart').plot.data[0].includes(100)")
        page.wait_for_selector("[data-region=head] :text('2 done')")
    assert "/sweeps/synthetic" not in asked
    assert "/sweeps/synthetic?regions=true" in asked


def test_changes_are_the_runs_that_differ_from_a_known_revision(started: ResultStore) -> None:
    live = LiveStore(started)
    with live.following():
        before, known = live.refresh(), sweep_data(live, "synthetic", whole=False)
        assert sweep_changes(live, "synthetic", before).places == []
        rewrite(started, RUNNING._replace(kimg=60.0))
        deadline = time.monotonic() + SECONDS
        while live.refresh() == before and time.monotonic() < deadline:
            time.sleep(0.05)
        changes = sweep_changes(live, "synthetic", before)
        assert (changes.is_all, changes.places) == (False, [1])
        assert changes.runs is not None
        assert changes.runs.kimg == [60.0]
        assert known.view.runs.kimg[1] == 40.0
        assert changes.curves is not None
        assert changes.curves.grids[changes.curves.grid[0]] == [20.0, 40.0, 60.0]
        assert sweep_changes(live, "synthetic", "never seen").is_all


def test_while_nobody_asks_nothing_is_collected(started: ResultStore) -> None:
    now = [0.0]
    live = LiveStore(started, clock=lambda: now[0])
    with live.following():
        live.refresh()
        time.sleep(2.5)
        before = live.refresh()
        now[0] = 1000.0
        rewrite(started, RUNNING._replace(kimg=80.0))
        time.sleep(2.5)
        assert live._now.revision == before
        live.refresh()
        deadline = time.monotonic() + SECONDS
        while live._now.revision == before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert live.sweep("synthetic")[0].frame["kimg"][1] == 80.0
