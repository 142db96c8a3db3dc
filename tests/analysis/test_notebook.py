"""`from analysis import open_store`: tidy frames with documented columns, figures on axes of one's own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis import open_store
from analysis.errors import FigureError, ResultStoreError
from analysis.figures.catalog import GENERAL
from analysis.notebook.columns import FRAMES
from analysis.notebook.frames import SweepFrames
from analysis.synthetic_store import write_store
from analysis.tables.column_notes import COLUMN_NOTES
from analysis.tables.schema import SCHEMAS
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded

FIXED = [name for name in FRAMES if name != "configurations"]


@pytest.fixture
def sweep(store: ResultStore) -> SweepFrames:
    return open_store(store.path).sweep("synthetic")


@pytest.fixture
def close_pages() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize("table", SCHEMAS)
def test_every_column_of_a_table_has_a_unit_and_a_sentence(table: str) -> None:
    assert list(COLUMN_NOTES[table]) == SCHEMAS[table].names


@pytest.mark.parametrize("notes", [*COLUMN_NOTES.values(), *FRAMES.values()])
def test_a_note_is_a_sentence_with_a_unit(notes: dict[str, tuple[str, str]]) -> None:
    assert [name for name, (unit, text) in notes.items() if not unit or " " not in text or text[-1] != "."] == []


@pytest.mark.parametrize("frame", FIXED)
def test_a_frame_has_the_columns_that_are_documented(sweep: SweepFrames, frame: str) -> None:
    assert list(getattr(sweep, frame)().columns) == list(sweep.columns(frame)["column"]) == list(FRAMES[frame])


def test_runs_and_curves_are_those_of_the_tables(store: ResultStore, sweep: SweepFrames) -> None:
    runs, curves = loaded(store)
    assert len(sweep.runs()) == len(WHOLE)
    assert list(sweep.runs()["best"]) == list(runs.frame["best"])
    assert sweep.curves()["value"].sum() == pytest.approx(curves.scores["value"].sum())
    assert set(sweep.curves()["trial"]) == set(runs.frame["trial"])


def test_ticks_hold_nothing_beyond_the_horizon_of_the_sweep(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[3:4], horizon_kimg=40.0, step_kimg=20.0)
    assert open_store(store.path).sweep("synthetic").ticks()["kimg"].max() == 40.0


def test_statistics_are_the_means_of_the_ticks(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[:1], step_kimg=20.0)
    path = next((store.path / "trials").glob("*/*/ticks.jsonl"))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row | {"stats": {"Loss/G": row["kimg"] / 10}}) + "\n" for row in rows))
    found = open_store(store.path).sweep("synthetic").statistics()
    assert list(found["value"]) == [kimg / 10 for kimg in found["kimg"]]
    assert set(found["statistic"]) == {"Loss/G"}


def test_configurations_have_dotted_keys_and_can_be_reduced_to_those_that_differ(sweep: SweepFrames) -> None:
    whole, differing = sweep.configurations(), sweep.configurations(only_differing=True)
    assert {"data.subset", "augment.type", "seed"} <= set(whole.columns)
    assert "data.resolution" not in differing.columns
    assert set(differing["data.subset"]) == {500, 2000}
    assert len(whole) == len(WHOLE)


def test_claims_have_their_verdicts_and_further_ones_can_be_given(sweep: SweepFrames) -> None:
    found = sweep.claims("ada < baseline at subset=500")
    row = found.iloc[-1] if (found["verdict"] != "NOT TESTED").all() else found[found["reason"] == ""].iloc[-1]
    assert row["claim"] == "ada < baseline at subset=500"
    assert (row["less_runs"], row["more_runs"]) == (3, 3)
    assert row["less_median"] < row["more_median"]


def test_samples_and_probes_name_their_files(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[:1], step_kimg=20.0)
    trial = next((store.path / "trials").glob("*/*"))
    (trial / "probes").mkdir()
    np.savez(trial / "probes" / "jacobian-8-000040000.npz", singular=np.ones((2, 3)))
    sweep = open_store(store.path).sweep("synthetic")
    samples, probes = sweep.samples(), sweep.probes()
    assert samples["path"].map(Path.exists).all()
    assert set(samples["kind"]) == {"fakes", "reals"}
    assert probes[["probe", "array", "kimg", "shape"]].values.tolist() == [["jacobian", "singular", 40.0, (2, 3)]]


@pytest.mark.usefixtures("close_pages")
@pytest.mark.parametrize("name", [*GENERAL, "ada_fig6a", "ada_fig7c", "stylegan2_table1"])
def test_a_figure_is_drawn_in_the_place_of_ones_own_axes(tmp_path: Path, name: str) -> None:
    sweep = open_store(write_store(tmp_path, WHOLE, step_kimg=20.0).path).sweep("synthetic")
    page, (left, right) = plt.subplots(1, 2, layout="constrained")
    left.plot([1, 2], label="mine")
    assert sweep.figure(name, right) is page
    page.draw_without_rendering()
    assert left in page.axes
    assert len(page.axes) >= 2
    assert not page.legends


@pytest.mark.usefixtures("close_pages")
def test_a_figure_is_drawn_on_axes_without_a_grid_and_on_a_new_page(tmp_path: Path) -> None:
    sweep = open_store(write_store(tmp_path, WHOLE, step_kimg=20.0).path).sweep("synthetic")
    page = plt.figure()
    ax = page.add_axes((0.1, 0.5, 0.4, 0.4))
    assert sweep.figure("samples", ax) is page
    assert sweep.figure("fid_curves") is not page


@pytest.mark.usefixtures("close_pages")
def test_the_numbers_of_a_figure_do_not_depend_on_where_it_is_drawn(sweep: SweepFrames) -> None:
    _, ax = plt.subplots()
    own, new = sweep.figure("fid_curves", ax), sweep.figure("fid_curves")
    lines = [[line.get_ydata() for line in page.axes[0].lines] for page in (own, new)]
    assert len(lines[0]) > 1
    assert all(np.array_equal(one, other) for one, other in zip(*lines, strict=True))


def test_what_does_not_exist_is_an_error_with_a_way_out(store: ResultStore, sweep: SweepFrames) -> None:
    with pytest.raises(FigureError, match="did you mean fid_curves"):
        sweep.figure("fid_curve")
    with pytest.raises(ResultStoreError, match="sweeps in this store: synthetic"):
        open_store(store.path).sweep("other")
    with pytest.raises(ResultStoreError, match="no such store"):
        open_store(store.path / "none")


def test_a_frame_may_be_changed_without_changing_the_next_one(sweep: SweepFrames) -> None:
    runs = sweep.runs()
    runs["best"] = -1.0
    pd.testing.assert_frame_equal(sweep.runs(), sweep.runs())
    assert (sweep.runs()["best"] > 0).all()


def test_analysis_is_imported_without_pandas_until_it_is_used() -> None:
    code = "import sys, analysis; assert not {'pandas', 'matplotlib', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
