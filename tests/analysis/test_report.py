import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from analysis.__main__ import main
from analysis.errors import ReportError
from analysis.figures.catalog import FIGURES
from analysis.report.html import FigureEntry, Section, Subsection, Table, page
from analysis.report.pdf import BROWSERS, print_pdf
from analysis.report.report import write_report
from analysis.results.energy_ledger import Factors
from analysis.synthetic_store import id_of
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE
from trainer.errors import ExitCode

HOSTILE = '<script>alert("x")</script>'


class Balance(HTMLParser):
    """Checks that every tag is closed in order, and records what the page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "link", "br"):
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href") and value is not None]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def plan_with(store: ResultStore, **changes: Any) -> None:
    plan = json.loads(store.plan("synthetic").read_text())
    store.plan("synthetic").write_text(json.dumps(plan | changes))


def written(store: ResultStore, tmp_path: Path, **changes: Any) -> str:
    plan_with(store, **{"figures": ["fid_by_size"], **changes})
    collect(store)
    write_report(store, ["synthetic"], tmp_path / "report.html", Factors())
    return (tmp_path / "report.html").read_text()


def test_a_report_has_every_part_and_loads_nothing(store: ResultStore, tmp_path: Path) -> None:
    text = written(store, tmp_path, question="Does it?", claims=["ada < baseline at subset=500", "prose: It does."])
    for part in ("Does it?", "Cells", "Figures", "Claims", "Energy", "Failures", "Environment", "Every run is done"):
        assert part in text
    parser = Balance()
    parser.feed(text)
    assert parser.open == []
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in parser.loads)
    assert not re.search(r"url\(|@import|https?:", text)


def test_claims_are_listed_with_their_verdicts(store: ResultStore, tmp_path: Path) -> None:
    text = written(store, tmp_path, claims=["ada < baseline at subset=500, p<0.01, n>=5", "prose: It does."])
    assert '<span class="verdict UNDERPOWERED">' in text
    assert "2+2 seeds, 0.04 kWh" in text
    assert "Not tested (prose): It does." in text


def test_diverged_missing_and_unfinished_runs_are_listed(troubled: ResultStore, tmp_path: Path) -> None:
    text = written(troubled, tmp_path)
    assert "1 diverged" in text
    assert text.count("not started</td>") == 3
    assert "40 of 100" in text


def test_texts_of_the_store_cannot_become_markup(store: ResultStore, tmp_path: Path) -> None:
    text = written(store, tmp_path, question=HOSTILE, claims=[f"prose: {HOSTILE}"])
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_no_part_of_a_page_lets_markup_through() -> None:
    texts = [HOSTILE]
    block = Subsection(HOSTILE, Table(["verdict", HOSTILE], [[HOSTILE, HOSTILE]]), texts, texts)
    picture = FigureEntry(HOSTILE, f'"{HOSTILE}', HOSTILE, b"", HOSTILE, texts)
    section = Section(HOSTILE, HOSTILE, HOSTILE, HOSTILE, {}, block, [picture], [block], HOSTILE)
    text = page(HOSTILE, [section, section])
    assert "<script" not in text
    assert 'alt=""' not in text


def test_a_store_without_runs_makes_a_report_too(store: ResultStore, tmp_path: Path) -> None:
    for run in WHOLE:
        shutil.rmtree(store.run(id_of(run)).path)
    text = written(store, tmp_path, claims=["ada < baseline at subset=500"])
    assert "12 new" in text
    assert "UNDERPOWERED" in text


def test_the_same_store_makes_the_same_page(store: ResultStore, tmp_path: Path) -> None:
    assert written(store, tmp_path) == written(store, tmp_path)


def test_a_report_replaces_a_page_and_nothing_else(store: ResultStore, tmp_path: Path) -> None:
    first, other = tmp_path / "page.html", tmp_path / "sweep.yaml"
    for _ in range(2):
        write_report(store, ["synthetic"], first, Factors())
    other.write_text("sweep: synthetic")
    with pytest.raises(ReportError, match="exists already, and is no page; choose another --out"):
        write_report(store, ["synthetic"], other, Factors())
    assert other.read_text() == "sweep: synthetic"


def test_without_a_browser_the_pdf_is_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReportError, match="not printed, no chromium"):
        print_pdf(tmp_path / "report.html", tmp_path / "report.pdf")


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no browser here")
def test_a_report_is_printed(store: ResultStore, tmp_path: Path) -> None:
    written(store, tmp_path)
    print_pdf(tmp_path / "report.html", tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.fixture
def broken_figure(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a figure that has a bug."""
    broken = Mock()
    broken.data.side_effect = ZeroDivisionError("of this test")
    monkeypatch.setitem(FIGURES, "fid_curves", broken)
    return "fid_curves"


def test_neither_a_misspelt_figure_nor_one_with_a_bug_stops_the_report(
    store: ResultStore, tmp_path: Path, broken_figure: str
) -> None:
    text = written(store, tmp_path, figures=["pie", broken_figure, "fid_by_size"])
    assert "Figures that could not be drawn" in text
    assert "figure pie: no such figure" in text
    assert f"{broken_figure}: internal error: ZeroDivisionError: of this test" in text
    assert text.count("data:image/png;base64,") == 1


def test_a_figure_with_a_bug_does_not_stop_the_others_and_is_reported(
    store: ResultStore, broken_figure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_with(store, figures=[broken_figure, "pie", "fid_by_size"])
    collect(store)
    assert main(["figures", "draw", "synthetic", "--store", str(store.path)]) == ExitCode.BUG
    out, err = capsys.readouterr()
    assert "fid_by_size.png" in out
    assert "ZeroDivisionError: of this test" in err
    assert "figure pie: no such figure" in err


@pytest.mark.parametrize("characters", [100, 10**9], ids=["head", "all"])
def test_a_report_to_a_pipe_is_read_from_it_as_far_as_its_reader_wants(
    store: ResultStore, tmp_path: Path, characters: int
) -> None:
    plan_with(store, figures=[])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with (tmp_path / "read").open("w") as read:
        reader = subprocess.Popen(["head", "-c", str(characters), pipe], stdout=read)
    command = [sys.executable, "-m", "analysis", "report", "synthetic", "--store", str(store.path), "--out", str(pipe)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    keeps_being_a_pipe = pipe.is_fifo()
    reader.terminate() if not keeps_being_a_pipe else None
    reader.wait()
    text = (tmp_path / "read").read_text()
    assert keeps_being_a_pipe
    assert "Traceback" not in done.stderr
    assert text.startswith("<!doctype html>")
    assert text.rstrip().endswith("</html>") is (characters > 100)


def test_a_page_that_finds_no_space_is_named(store: ResultStore) -> None:
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write_report(store, [], Path("/dev/full"), Factors())
