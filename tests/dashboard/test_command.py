"""The command: what it refuses, what it writes, and that it says where to look."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.dashboard.export import export_pages, watch_pages
from analysis.dashboard.guard import AccessPolicy
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.server import application
from analysis.dashboard.sweep_list import SweepCard
from analysis.synthetic_store import id_of, write_store, write_trial
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE


@pytest.fixture
def small(tmp_path: Path) -> ResultStore:
    return write_store(tmp_path / "store", WHOLE[:1], missing=WHOLE[1:2], step_kimg=50.0, files=False)


def run(store: ResultStore, *words: str) -> int:
    return main(["dashboard", *words, "--store", str(store.path)])


def test_pages_are_exported_and_exported_again(small: ResultStore, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    assert run(small, "--export", str(folder)) == 0
    first = (folder / "index.html").stat().st_mtime_ns
    assert run(small, "--export", str(folder)) == 0
    assert (folder / "index.html").stat().st_mtime_ns == first


def test_a_folder_of_something_else_is_left_alone(
    small: ResultStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").touch()
    assert run(small, "--export", str(tmp_path / "thesis")) == 2
    assert "holds other files" in capsys.readouterr().err


def test_watched_pages_follow_the_store(small: ResultStore, tmp_path: Path) -> None:
    folder, live, looks = tmp_path / "site", LiveStore(small), 0

    def sleep(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            write_trial(small, WHOLE[1], 100.0, 50.0)
            live._next = 0.0
        else:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch_pages(live, folder, sleep)
    assert (folder / "trials" / f"{id_of(WHOLE[1])}.html").exists()
    assert 'http-equiv="refresh"' in (folder / "index.html").read_text(encoding="utf-8")


def test_exported_pages_name_no_place_on_the_web(small: ResultStore, tmp_path: Path) -> None:
    export_pages(LiveStore(small), tmp_path / "site")
    for path in (tmp_path / "site").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert 'src="http' not in text
        assert 'href="http' not in text


@pytest.mark.parametrize("words", [("--watch",), ("--token", "short"), ("--host", "192.0.2.1")])
def test_a_mistake_is_told_in_one_line(
    small: ResultStore, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert run(small, *words) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_store_that_may_only_be_read_is_shown(small: ResultStore, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write to every folder")
    small.path.chmod(0o555)
    assert run(small, "--export", str(tmp_path / "site")) == 0
    small.path.chmod(0o755)


def test_the_server_says_where_it_is_and_stops_when_asked(small: ResultStore) -> None:
    command = [sys.executable, "-m", "analysis", "dashboard", "--port", "0", "--store", str(small.path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as one:
        assert one.stdout is not None
        url = one.stdout.readline().rpartition(" ")[2].strip()
        with urllib.request.urlopen(url, timeout=60) as answer:
            assert b"synthetic" in answer.read()
        one.send_signal(signal.SIGINT)
        assert one.wait(60) == 0


def test_the_address_is_told_when_the_first_page_is_ready(small: ResultStore) -> None:
    live, cards = LiveStore(small), []
    policy = AccessPolicy("", is_open=True)
    app = application(live, policy, ready=lambda: cards.append(live._now.kept(("card", "synthetic"))))

    async def start() -> None:
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(start())
    (card,) = cards
    assert isinstance(card, SweepCard)
    assert card.problem == ""
