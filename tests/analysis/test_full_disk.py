"""What is written beside a full disk's earlier files leaves them as they are, and is written once there is space."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.errors import ReportError
from analysis.report.pdf import print_pdf
from analysis.synthetic_store import FakeRun, id_of, write_store
from analysis.tables.store import ResultStore
from tests.support.small_disk import fill, mounted

RUNS = [FakeRun(augment, 500, 0) for augment in ("none", "ada")]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "4m") as disk:
        yield disk


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return write_store(tmp_path / "store", RUNS, step_kimg=20.0)


def test_an_earlier_report_outlives_a_full_disk(
    store: ResultStore, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = disk / "report.html"
    out.write_text("<!doctype html>an earlier report")
    words = ["report", "synthetic", "--store", str(store.path), "--out", str(out)]
    filler = fill(disk)
    assert main(words) == 2
    assert capsys.readouterr().err == f"adasweep: error: {out}: no space left on device; free space\n"
    assert out.read_text() == "<!doctype html>an earlier report"
    filler.unlink()
    assert main(words) == 0
    assert out.read_text().endswith("</html>")


def test_the_pictures_of_an_earlier_export_outlive_a_full_disk(store: ResultStore, disk: Path) -> None:
    words = ["dashboard", "--export", str(disk / "site"), "--store", str(store.path)]
    assert main(words) == 0
    there = disk / "site" / "files" / "samples" / id_of(RUNS[0]) / "reals.png"
    before = there.read_bytes()
    sheet = store.run(id_of(RUNS[0])).samples / "reals.png"
    sheet.write_bytes(before * 20)
    filler = fill(disk)
    assert main(words) == 2
    assert there.read_bytes() == before
    filler.unlink()
    assert main(words) == 0
    assert there.read_bytes() == before * 20


def test_an_earlier_pdf_outlives_a_browser_that_prints_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "chromium"
    prints_half = 'case $word in --print-to-pdf=*) echo half > "${word#*=}";; esac'
    browser.write_text(f"#!/bin/sh\nfor word; do {prints_half}; done\nexit 1\n")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "report.pdf").write_text("an earlier one")
    with pytest.raises(ReportError, match="did not print it"):
        print_pdf(tmp_path / "report.html", tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_text() == "an earlier one"
