"""Reading works in a read-only store; a failed write is a user error."""

import errno
import os
from pathlib import Path
from typing import NoReturn
from unittest.mock import Mock

import pytest

from analysis.__main__ import main
from analysis.synthetic_store import FakeRun, write_store
from analysis.tables.store import ResultStore

RUNS = [FakeRun("ada", 500, seed) for seed in range(2)]


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultStore:
    """A store in which no folder can be created."""
    store = write_store(tmp_path / "store", RUNS)
    make = os.mkdir

    def refuse(path: str, *settings: int) -> None:
        if str(store.path) in str(path):
            _refuse(str(path))
        make(path, *settings)

    monkeypatch.setattr(os, "mkdir", refuse)
    monkeypatch.chdir(tmp_path)
    return store


def _refuse(path: str) -> NoReturn:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


@pytest.mark.parametrize("command", ["table", "claims", "energy"])
def test_a_read_only_store_is_read(sealed: ResultStore, command: str) -> None:
    (sweep,) = sealed.sweeps()
    assert main([command, sweep, "--store", str(sealed.path)]) == 0
    assert not sealed.tables.exists()


def test_figures_of_a_read_only_store_are_written_to_the_working_directory(sealed: ResultStore) -> None:
    (sweep,) = sealed.sweeps()
    assert main(["figures", "draw", sweep, "--only", "fid_curves", "--store", str(sealed.path)]) == 0
    assert (sealed.path.parent / "figures" / sweep / "fid_curves.png").exists()


@pytest.mark.parametrize("words", [[], ["--out", "page.html"]])
def test_the_report_of_a_read_only_store_is_written_elsewhere(sealed: ResultStore, words: list[str]) -> None:
    (sweep,) = sealed.sweeps()
    assert main(["report", sweep, *words, "--store", str(sealed.path)]) == 0
    page = sealed.path.parent / (words[-1] if words else f"{sweep}.html")
    assert "fid_curves" in page.read_text()
    assert not {"tables", "figures", "reports"} & {path.name for path in sealed.path.iterdir()}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_tables_are_shown_and_collecting_is_refused_in_one_line_on_a_full_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = write_store(tmp_path / "store", RUNS)
    monkeypatch.setattr("pyarrow.parquet.write_table", Mock(side_effect=OSError(number, "No space left on device")))
    assert main(["table", "synthetic", "--store", str(store.path)]) == 0
    assert "subset=500" in capsys.readouterr().out
    assert main(["collect", "--store", str(store.path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"adasweep: error: {store.path}/tables/metrics/")
    assert line.endswith(".parquet: no space left on device; free space")


def test_what_cannot_be_written_is_reported(sealed: ResultStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["collect", "--store", str(sealed.path)]) == 2
    assert "read-only file system; check its permissions" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["tables", "tables/runs", "tables/metrics", "figures", "figures/synthetic"])
def test_a_file_where_a_folder_belongs_is_named_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    store = write_store(tmp_path / "store", RUNS)
    spoilt = store.path / place
    spoilt.parent.mkdir(exist_ok=True)
    spoilt.write_text("no folder")
    assert main(["figures", "draw", "synthetic", "--only", "fid_curves", "--store", str(store.path)]) == 2
    told = f"{spoilt}: is a file where a folder belongs; move it away, or choose another place"
    assert [line for line in capsys.readouterr().err.splitlines() if told in line]


@pytest.mark.parametrize("place", ["tables/.lock", "tables/runs/SHARD.parquet", "figures/synthetic/fid_curves.png"])
def test_a_folder_where_a_file_belongs_is_named_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    store = write_store(tmp_path / "store", RUNS)
    spoilt = store.path / place.replace("SHARD", next(iter(store.trials()))[:2])
    spoilt.mkdir(parents=True)
    assert main(["figures", "draw", "synthetic", "--only", "fid_curves", "--store", str(store.path)]) == 2
    told = f"{spoilt}: is a folder where a file belongs; move it away, or choose another place"
    assert [line for line in capsys.readouterr().err.splitlines() if told in line]
