"""Every figure of every sweep, drawn from synthetic results of the mini tier without its last run; golden numbers.

To re-record the golden files after an intended change: ADASWEEP_RECORD=1 pytest tests/sweeps/test_figures.py
"""

import io
import os
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures.catalog import figure_named
from analysis.figures.provenance import provenance_of
from analysis.figures.render import compose
from analysis.figures.shapes.score_table import TableData
from analysis.figures.style import figure_style
from analysis.results.load import Curves, Runs
from tests.sweeps.planned import OF_PAPERS, read
from tests.sweeps.results import loaded, write_results

GOLDEN = Path(__file__).parent / "golden"
TIER = "mini"
CHANGING = ["trial", "file", "sha256"]
ROWS = 200

Results = tuple[str, Runs, Curves]


@pytest.fixture(scope="module", params=OF_PAPERS)
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Runs and curves of one sweep."""
    store = write_results(tmp_path_factory.mktemp("store"), request.param, TIER)
    return request.param, *loaded(store, request.param, TIER)


@pytest.mark.filterwarnings("error")
def test_every_figure_of_a_sweep_has_golden_numbers_and_draws_without_a_warning(results: Results) -> None:
    name, runs, curves = results
    for figure in read(name, TIER).spec.figures:
        numbers = figure_named(figure).data(runs, curves)
        compare(numbers.table.drop(columns=CHANGING, errors="ignore"), f"{name.replace('/', '_')}.{figure}.csv")
        if isinstance(numbers, TableData):
            assert not numbers.table.duplicated(["row", "column", "metric"]).any()  # each cell has a place of its own
        with figure_style():
            origin = provenance_of(figure, figure_named(figure).aggregation, "", runs.only(numbers.cells), curves)
            page = compose(figure_named(figure), numbers, origin)
        beside(page)


def compare(table: pd.DataFrame, file: str) -> None:
    """Compare with the golden file, which has only some rows of a long table."""
    table = table.iloc[:: max(1, len(table) // ROWS)]
    if os.environ.get("ADASWEEP_RECORD"):
        GOLDEN.mkdir(exist_ok=True)
        table.to_csv(GOLDEN / file, index=False, lineterminator="\n")
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    pd.testing.assert_frame_equal(again, pd.read_csv(GOLDEN / file), rtol=1e-9)


def beside(page: Figure) -> None:
    """Assert that title, caption and legends are outside the axes and inside the page."""
    boxes = [text.get_window_extent() for text in (*page.texts, *page.legends)]
    areas = [ax.get_tightbbox() for ax in page.axes]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert not any(box.overlaps(area) for box in boxes for area in areas if area is not None)
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.bbox.width + 1 for box in boxes)
