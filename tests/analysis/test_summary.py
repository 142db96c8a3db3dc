from pathlib import Path

import pandas as pd
import pytest

from analysis.results.summary import HEADINGS, cells_of, markdown, notes, summarize
from analysis.synthetic_store import FakeRun, fake_fid, write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import loaded


def test_every_cell_is_a_row_with_median_and_range(store: ResultStore) -> None:
    table = summarize(*loaded(store)).table
    assert list(table["cell"]) == ["subset=500 none", "subset=500 ada", "subset=2000 none", "subset=2000 ada"]
    row = table.iloc[1]
    finals = [fake_fid(FakeRun("ada", 500, seed), 100.0) for seed in range(3)]
    assert [row["best_min"], row["best"], row["best_max"]] == finals
    assert row[["last", "best_kimg", "scored_runs", "images_per_second"]].tolist() == [finals[1], 100.0, 3, 50.0]
    assert row[["total_hours", "total_energy_kwh"]].tolist() == pytest.approx([3.0, 0.03])
    assert row["state"] == "3 done"


def test_incomplete_runs_are_shown(troubled: ResultStore) -> None:
    summary = summarize(*loaded(troubled))
    assert list(summary.table["state"]) == ["2 done, 1 diverged", "2 done, 1 running (40%)", "3 done", "3 new"]
    rows = [dict(zip(HEADINGS, row, strict=True)) for row in cells_of(summary)]
    assert [rows[3][heading] for heading in HEADINGS[1:-1]] == ["–"] * 8
    assert "median [min–max] over seeds, a diverged run counts as worst" in notes(summary)[1]
    assert "detector lite0" in notes(summary)[0]


def test_markdown_is_a_table_of_equal_columns(store: ResultStore) -> None:
    lines = markdown(summarize(*loaded(store))).splitlines()
    assert {line.count("|") for line in lines[:6]} == {len(HEADINGS) + 1}


def test_one_run_has_no_range(tmp_path: Path) -> None:
    store = write_store(tmp_path, [FakeRun("ada", 500, 0)], step_kimg=20.0)
    (row,) = cells_of(summarize(*loaded(store)))
    assert "[" not in row[1]


def test_empty_store_gives_rows_of_dashes(tmp_path: Path) -> None:
    store = write_store(tmp_path, [], missing=[FakeRun("ada", 500, 0)])
    summary = summarize(*loaded(store))
    assert cells_of(summary)[0][-1] == "1 new"
    assert pd.isna(summary.table["total_energy_kwh"].iloc[0])


def test_the_notes_say_once_for_all_cells_how_energy_was_measured(store: ResultStore) -> None:
    runs, curves = loaded(store)
    runs.frame.loc[:, "energy_methods"] = pd.Series([["estimate"]] * len(runs.frame))
    runs.frame.loc[:, "unmetered_attempts"] = [1, 2, *[0] * (len(runs.frame) - 2)]
    assert notes(summarize(runs, curves))[-1] == "* estimate; 3 attempts unmetered"
