import os
from pathlib import Path

import matplotlib
import pytest

from analysis.__main__ import main
from analysis.errors import FigureError
from analysis.figures.catalog import figure_named
from analysis.figures.provenance import read_provenance
from analysis.figures.recorded_curves import read_recorded
from analysis.figures.render import compose, render
from analysis.results.score import Score
from analysis.synthetic_store import write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """The CSV of the curves of a sweep with three seeds."""
    runs, curves = loaded(write_store(tmp_path / "recorded", WHOLE, step_kimg=20.0))
    return render("fid_curves", runs, curves).png.with_suffix(".csv")


@pytest.fixture
def own(tmp_path: Path) -> ResultStore:
    """The store of a sweep with one seed of the same cells."""
    return write_store(tmp_path / "own", [run for run in WHOLE if run.seed == 0], step_kimg=20.0)


def test_curves_are_drawn_over_recorded_ones_of_the_same_cells(own: ResultStore, recorded: Path) -> None:
    runs, curves = loaded(own)
    behind = read_recorded(recorded, curves.score)
    made = render("fid_curves", runs, curves, behind)
    assert "; pale and dashed: 3 recorded runs of each cell of synthetic" in made.provenance.aggregation
    figure = figure_named("fid_curves")
    alone = figure.data(runs, curves)
    page = compose(figure, alone._replace(recorded=behind.table), made.provenance)  # type: ignore[attr-defined]
    dashed = [line for ax in page.axes for line in ax.lines if line.get_alpha() == 0.6]
    assert len(dashed) == behind.table["cell"].nunique() == 4
    assert "recorded runs" in [text.get_text() for text in page.findobj(matplotlib.text.Text)]


def test_the_command_draws_over_them_and_the_figure_still_verifies(
    own: ResultStore, recorded: Path, capsys: Capture
) -> None:
    store = ["--store", str(own.path)]
    assert main(["collect", *store]) == 0
    assert main(["figures", "draw", "synthetic", "--only", "fid_curves,ada_p", "--over", str(recorded), *store]) == 0
    told = {
        origin.figure: "pale and dashed" in origin.aggregation for origin in read_provenance(own.figures("synthetic"))
    }
    assert told == {"fid_curves": True, "ada_p": False}
    assert main(["figures", "verify", "synthetic", *store]) == 0
    assert "fid_curves: agrees" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_text(path.read_text() + "\n"), "was changed after its figure was drawn"),
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.with_name("fid_curves.provenance.json").unlink(), "cannot be read"),
        (lambda path: path.with_name("fid_curves.provenance.json").write_text("{}"), "is not the provenance"),
    ],
)
def test_damaged_recorded_curves_are_refused(own: ResultStore, recorded: Path, spoil: object, told: str) -> None:
    _, curves = loaded(own)
    spoil(recorded)  # type: ignore[operator]
    with pytest.raises(FigureError, match=told):
        read_recorded(recorded, curves.score)


@pytest.mark.timeout(60)
def test_a_pipe_in_the_place_of_recorded_curves_is_not_waited_for(own: ResultStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(FigureError, match=r"pipe\.csv: cannot be read \(not a regular file\)"):
        read_recorded(tmp_path / "pipe.csv", loaded(own)[1].score)


def test_recorded_curves_of_another_score_or_figure_are_refused(own: ResultStore, recorded: Path) -> None:
    runs, curves = loaded(own)
    with pytest.raises(FigureError, match="not comparable"):
        read_recorded(recorded, Score(curves.score.metric, "00000000"))
    sizes = render("fid_by_size", runs, curves).png.with_suffix(".csv")
    with pytest.raises(FigureError, match="give the CSV of a figure of curves"):
        read_recorded(sizes, curves.score)


def test_recorded_curves_without_a_cell_in_common_are_refused(own: ResultStore, recorded: Path) -> None:
    runs, curves = loaded(own)
    behind = read_recorded(recorded, curves.score)
    others = behind._replace(table=behind.table.assign(cell="elsewhere"))
    with pytest.raises(FigureError, match="none of its cells is among 3 recorded runs"):
        render("fid_curves", runs, curves, others)
