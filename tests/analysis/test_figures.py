"""Golden numbers of each figure from the SYNTHETIC store; drawing in every state of a store; no text over data.

To re-record the golden files after an intended change: ADASWEEP_RECORD=1 pytest tests/analysis/test_figures.py
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from analysis.errors import FigureError, ResultStoreError
from analysis.figures.catalog import GENERAL, figure_named
from analysis.figures.provenance import provenance_of, read_provenance
from analysis.figures.render import compose, render
from analysis.figures.style import figure_style
from analysis.results.bands import windowed
from analysis.results.load import Curves, Runs
from analysis.results.logit_histograms import slices
from analysis.results.probe_outputs import Probed, moments_of_cells
from analysis.synthetic_store import FakeRun, fake_fid, id_of, write_logits, write_samples, write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded
from trainer.config.plan_file import PlanFile

GOLDEN = Path(__file__).parent / "golden"
Results = Callable[[str], tuple[Runs, Curves]]
SHAPES = (
    *GENERAL,
    *("ada_fig4abc", "ada_fig5ab", "ada_fig7c", "ada_fig8b", "ada_fig11a"),
    *("ada_fig6c", "stylegan2_fig5", "stylegan2_fig8", "stylegan2_fig17", "ada_uncurated", "ada_fig25"),
)
"""One figure of every shape; those of sweeps are in tests/sweeps."""
DIVERGED = FakeRun("none", 500, 0, kimg=60.0, diverged_kimg=60.0)
STATES: dict[str, dict[str, Any]] = {
    "empty": {"runs": [], "missing": WHOLE},
    "one run": {"runs": WHOLE[:1]},
    "one evaluation": {"runs": [FakeRun("ada", 500, 0, kimg=20.0)]},
    "one size": {"runs": WHOLE[:6]},
    "all diverged": {"runs": [DIVERGED._replace(seed=seed) for seed in range(3)]},
    "whole": {"runs": WHOLE},
}


@pytest.fixture
def recorded(troubled: ResultStore) -> ResultStore:
    """The troubled store with logits and samples of one seed per cell."""
    for run in WHOLE[:-3:3]:
        write_logits(troubled.run(id_of(run)), run)
        write_samples(troubled.run(id_of(run)), run, tiles=2)
    return troubled


@pytest.mark.parametrize("name", GENERAL)
def test_numbers_are_golden(recorded: ResultStore, name: str) -> None:
    table = figure_named(name).data(*loaded(recorded)).table
    table = table.drop(columns=["trial", "file", "sha256"], errors="ignore")  # these change with the configuration
    if name == "logit_histograms":
        table = table[table["logit"].abs() < 0.5]
    golden = GOLDEN / f"{name}.csv"
    if os.environ.get("ADASWEEP_RECORD"):
        golden.parent.mkdir(exist_ok=True)
        table.to_csv(golden, index=False, lineterminator="\n")
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    pd.testing.assert_frame_equal(again, pd.read_csv(golden), rtol=1e-9)


def test_fid_curve_is_the_median_between_the_extremes(store: ResultStore) -> None:
    table = figure_named("fid_curves").data(*loaded(store)).table
    row = table[(table["cell"] == "subset=2000 none") & (table["kimg"] == 60.0)].iloc[0]
    expected = [fake_fid(FakeRun("none", 2000, seed), 60.0) for seed in (1, 0, 2)]
    assert row[["median", "min", "max", "runs", "planned_runs"]].tolist() == [*expected, 3, 3]


def test_fid_by_size_has_a_row_for_every_cell_also_the_missing(troubled: ResultStore) -> None:
    table = figure_named("fid_by_size").data(*loaded(troubled)).table
    assert list(table["cell"]) == ["subset=500 none", "subset=500 ada", "subset=2000 none", "subset=2000 ada"]
    assert list(table["runs"]) == [2, 3, 3, 0]
    assert list(table["diverged_runs"]) == [1, 0, 0, 0]


def test_ada_p_is_about_adaptive_cells_only(store: ResultStore) -> None:
    assert figure_named("ada_p").data(*loaded(store)).cells == ["subset=500 ada", "subset=2000 ada"]


def test_logit_densities_integrate_to_one(recorded: ResultStore) -> None:
    table = slices(recorded.run(id_of(WHOLE[0])).path / "logits.jsonl", 100.0, 6)
    totals = table.groupby(["kimg", "kind"])["density"].sum() * 0.4
    assert len(totals) == 6 * 3
    assert totals.to_numpy() == pytest.approx(1.0)


def test_logits_without_validation_and_with_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "logits.jsonl"
    whole = '{"bins": [-1, 0, 1], "generated": [3, 1], "kimg": 4.0, "train": [1, 3], "validation": null}\n'
    path.write_text(whole + whole[:60].replace("4.0", "8.0"))
    table = slices(path, 100.0, 6)
    assert table[["kimg", "kind", "logit", "density"]].to_numpy().tolist() == [
        [4.0, "train", -0.5, 0.25],
        [4.0, "train", 0.5, 0.75],
        [4.0, "generated", -0.5, 0.75],
        [4.0, "generated", 0.5, 0.25],
    ]


WHOLE_HISTOGRAM: dict[str, Any] = {
    "bins": [-1, 0, 1],
    "generated": [3, 1],
    "kimg": 4.0,
    "train": [1, 3],
    "validation": None,
}
MALFORMED_HISTOGRAMS: dict[str, dict[str, Any]] = {
    "no bins": {"bins": None},
    "one bin too few": {"bins": [-1, 0]},
    "bins that fall": {"bins": [1, 0, -1]},
    "bins without end": {"bins": [-1, 0, float("inf")]},
    "bins of text": {"bins": ["a", "b", "c"]},
    "counts of text": {"train": ["x", 1]},
    "counts below nothing": {"generated": [-1, 2]},
    "counts that are no list": {"train": 5},
    "counts that are nested": {"train": [[1], 2]},
    "a time of text": {"time": "x"},
}


@pytest.mark.parametrize("name", MALFORMED_HISTOGRAMS)
def test_histograms_that_are_none_are_passed_over(tmp_path: Path, name: str) -> None:
    path = tmp_path / "logits.jsonl"
    odd = WHOLE_HISTOGRAM | {"kimg": 8.0} | MALFORMED_HISTOGRAMS[name]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in (WHOLE_HISTOGRAM, odd, WHOLE_HISTOGRAM | {"kimg": 12.0})))
    assert slices(path, 100.0, 2)["kimg"].unique().tolist() == [4.0, 12.0]
    assert slices(path, 100.0, 9)["kimg"].unique().tolist() == [4.0, 12.0]


@pytest.mark.parametrize(
    "content", [b"", b'{"kimg": 1.2.3}\n', b'{"kimg": 4} }\n', b"\xff\xfe\n", b'{"kimg": 1e999}\n']
)
def test_a_file_without_histograms_gives_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "logits.jsonl"
    path.write_bytes(content)
    assert len(slices(path, 100.0, 6)) == 0


def test_a_pipe_in_the_place_of_histograms_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logits.jsonl")
    assert len(slices(tmp_path / "logits.jsonl", 100.0, 6)) == 0


@pytest.fixture(scope="module")
def in_state(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Give runs and curves of the store in one of STATES, written once."""

    @cache
    def results(state: str) -> tuple[Runs, Curves]:
        return loaded(write_store(tmp_path_factory.mktemp("store"), **STATES[state], step_kimg=20.0, files=False))

    return results


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", SHAPES)
def test_drawing_needs_no_warning_in_any_state(in_state: Results, name: str, state: str) -> None:
    module = figure_named(name)
    numbers = module.data(*in_state(state))
    with figure_style():
        figure = Figure(figsize=module.size(numbers), layout="constrained")
        module.draw(numbers, figure.add_subplot())
        figure.draw_without_rendering()


@pytest.mark.parametrize("name", SHAPES)
def test_title_caption_and_legend_lie_beside_all_axes_and_each_other(recorded: ResultStore, name: str) -> None:
    runs, curves = loaded(recorded)
    module = figure_named(name)
    numbers = module.data(runs, curves)
    with figure_style():
        figure = compose(module, numbers, provenance_of(name, module.aggregation, "", runs, curves))
        boxes = {text: text.get_window_extent() for text in (*figure.texts, *figure.legends)}
        axes = [box for ax in figure.axes if (box := ax.get_tightbbox()) is not None]
    assert not any(box.overlaps(area) for box in boxes.values() for area in axes)
    assert not any(one.overlaps(other) for one, other in combinations(boxes.values(), 2))
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.width for box in boxes.values())


def test_rendered_files_name_tier_metric_and_what_is_missing(recorded: ResultStore) -> None:
    runs, curves = loaded(recorded)
    made = render("fid_curves", runs, curves)
    assert sorted(path.name for path in made.png.parent.iterdir()) == [
        *("fid_curves.csv", "fid_curves.pdf", "fid_curves.png", "fid_curves.provenance.json"),
    ]
    (origin,) = read_provenance(made.png.parent)
    assert (origin.tier, origin.metric_name, origin.metric_identity) == ("synthetic", "fid2k-lite0", "5ca1ab1e")
    assert origin.missing == ["subset=2000 ada seeds 0, 1, 2"]
    assert origin.diverged == ["subset=500 none seed 0 at 60 kimg"]
    assert origin.unfinished == ["subset=500 ada seed 1 running at 40 of 100 kimg"]
    assert len(origin.trials()) == 9
    with Image.open(made.png) as image:
        assert np.asarray(image.convert("L")).std() > 5


def test_equal_numbers_give_equal_bytes_in_every_process(recorded: ResultStore) -> None:
    def drawn(hash_seed: str) -> list[bytes]:
        command = [sys.executable, "-m", "analysis", "figures", "draw", "synthetic", "--store", str(recorded.path)]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([*command, "--only", "fid_by_size"], check=True, capture_output=True, env=environment)
        return [path.read_bytes() for path in sorted(recorded.figures("synthetic").iterdir())]

    assert drawn("1") == drawn("2")


def test_many_ticks_are_averaged_over_fifty_windows_of_training() -> None:
    ticks = pd.DataFrame(
        {"run": np.repeat([0, 1], 100), "kimg": np.tile(np.arange(1.0, 101.0), 2), "r_t": np.arange(200.0)}
    )
    table = windowed(ticks, "r_t")
    assert table.iloc[[0, 1, 49, 50]].to_numpy().tolist() == [[0, 2, 0.5], [0, 4, 2.5], [0, 100, 98.5], [1, 2, 100.5]]
    assert len(table) == 2 * 50


def test_more_panels_than_fit_are_named_as_not_shown(tmp_path: Path) -> None:
    many = [FakeRun("none", subset, 0) for subset in range(100, 2000, 100)]
    runs, curves = loaded(write_store(tmp_path / "store", many, step_kimg=50.0))
    numbers: Any = figure_named("logit_histograms").data(runs, curves)
    assert (len(numbers.cells), len(numbers.not_shown)) == (12, 7)
    assert render("logit_histograms", runs, curves).provenance.not_shown == numbers.not_shown


def test_best_entries_of_a_table_are_found_within_the_compared_cells(troubled: ResultStore) -> None:
    numbers: Any = figure_named("ada_fig7c").data(*loaded(troubled))
    assert numbers.text.headings == ["fid2k-lite0", "no augmentation", "ADA"]
    assert [row[0] for row in numbers.text.rows] == ["500 images", "2k images"]
    assert numbers.text.rows[0][1].endswith("(2 of 3, 1 diverged)")
    assert numbers.text.rows[1][2] == "– (0 of 3)"
    assert numbers.text.bold == {(0, 2)}


def test_the_score_picks_the_run_and_the_snapshot_of_every_metric_in_fig_11a(tmp_path: Path) -> None:
    runs = [FakeRun("none", 500, seed, metrics=("kid2k-lite0", "fid2k-lite0")) for seed in range(3)]
    store = write_store(tmp_path, runs, step_kimg=20.0, files=False)
    plan = store.plan("synthetic")
    document = PlanFile.model_validate_json(plan.read_text())
    plan.write_text(document.model_copy(update={"score": "kid2k", "metrics": ("kid2k", "fid2k")}).model_dump_json())
    numbers: Any = figure_named("ada_fig11a").data(*loaded(store))
    of = {row["metric"]: row["value"] for row in numbers.table.to_dict("records")}
    kids = {
        (run.seed, kimg): 300 / (20 + fake_fid(run, kimg)) for run in runs for kimg in (20.0, 40.0, 60.0, 80.0, 100.0)
    }
    seed, kimg = min(kids, key=lambda place: kids[place])
    assert of["kid2k-lite0"] == pytest.approx(kids[seed, kimg], abs=1e-4)
    assert of["fid2k-lite0"] == fake_fid(runs[seed], kimg) > min(fake_fid(runs[0], kimg) for kimg in (20.0, 40.0, 60.0))
    (row,), headings = numbers.text.rows, numbers.text.headings
    assert headings[2] == "kid2k-lite0 × 10³"
    assert row[2] == f"{1000 * of['kid2k-lite0']:.2f}"


def test_a_table_in_which_even_methods_share_a_place_has_a_row_per_cell(store: ResultStore) -> None:
    runs, curves = loaded(store)
    numbers: Any = figure_named("stylegan2_table1").data(runs, curves)
    assert [row[0] for row in numbers.text.rows] == list(dict.fromkeys(runs.frame["cell"]))
    assert len(numbers.text.rows) == 4


def test_published_values_are_open_marks_beside_ours_at_the_paper_tier_alone(store: ResultStore) -> None:
    plan = store.plan("synthetic")
    value = {"of": "ada & subset=500", "metric": "fid2k", "value": 21.5, "source": "Table 1", "detector": "lite0"}
    other = {**value, "metric": "kid2k"}
    apart = {**value, "of": "ada & subset=2000", "not_comparable": "another reference set"}
    for tier, expected in (("paper", 21.5), ("mini", None)):
        document = json.loads(plan.read_text()) | {"tier": tier, "published": [value, other, apart]}
        plan.write_text(json.dumps(document))
        module, (runs, curves) = figure_named("fid_by_size"), loaded(store)
        numbers: Any = module.data(runs, curves)
        shown = numbers.table.set_index("cell").get("published")
        assert (shown is None) == (expected is None)
        if expected:
            assert shown.dropna().to_dict() == {"subset=500 ada": expected}
            drawn = compose(module, numbers, provenance_of("fid_by_size", module.aggregation, "", runs, curves))
            lines: list[Any] = [line for ax in drawn.axes for line in ax.lines if line.get_marker() == "D"]
            marks = [(line.get_ydata()[0], line.get_markerfacecolor()) for line in lines if len(line.get_xdata())]
            assert marks == [(21.5, "none")]


def test_the_table_of_presets_shows_all_that_tuning_changes(store: ResultStore) -> None:
    numbers: Any = figure_named("ada_fig24").data(*loaded(store))
    column_of = numbers.table.set_index("preset").to_dict("index")
    tuned, untuned = column_of["cifar"], column_of["cifarbaseline"]
    changed = {
        key: (untuned[key], tuned[key]) for key in tuned if not pd.isna(tuned[key]) and tuned[key] != untuned[key]
    }
    assert changed == {
        "mapping_layers": (8, 2),
        "style_mixing": (0.9, 0.0),
        "path_length_weight": (2.0, 0.0),
        "d_architecture": ("resnet", "orig"),
    }


def test_the_lowest_possible_fid_is_a_line_where_it_was_probed(store: ResultStore) -> None:
    for run, lowest in ((WHOLE[0], 12.5), (WHOLE[6], 3.5)):
        folder = store.run(id_of(run)).path / "probes"
        folder.mkdir()
        np.savez(folder / "fid-floor-000100000.npz", size=[run.subset], mean=[lowest], std=[0.1])
    module, (runs, curves) = figure_named("fid_by_size"), loaded(store)
    numbers: Any = module.data(runs, curves)
    assert numbers.table["floor"].dropna().tolist() == [12.5, 3.5]
    page = compose(module, numbers, provenance_of("fid_by_size", module.aggregation, "", runs, curves))
    lines: list[Any] = [line for ax in page.axes for line in ax.lines]
    assert [[500.0, 12.5], [2000.0, 3.5]] in [line.get_xydata().tolist() for line in lines]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "torn": lambda path: path.write_bytes(path.read_bytes()[:60]),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "emptied": lambda path: path.write_bytes(b""),
    "another format": lambda path: path.write_bytes(b"\x93NUMPY\x01\x00 3"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("figure", "file"),
    [
        ("fid_by_size", "probes/fid-floor-000100000.npz"),
        ("stylegan2_fig17", "probes/jacobian-000100000.npz"),
        ("samples", "samples/fakes-000100000.png"),
        ("ada_fig7d", "probes/mean-image-000100000-real.png"),
    ],
)
def test_a_damaged_file_that_a_figure_shows_is_named(store: ResultStore, damage: str, figure: str, file: str) -> None:
    module, path = figure_named(figure), store.run(id_of(WHOLE[0])).path / file
    path.parent.mkdir(exist_ok=True)
    np.savez(path.with_name("mean-image-000100000.npz"), mean=[1.0])
    path.write_bytes(path.with_name("mean-image-000100000.npz").read_bytes())
    DAMAGES[damage](path)
    with pytest.raises(ResultStoreError, match=rf"{path.name}: cannot be read as [^<]*; remove it"):
        module.data(*loaded(store))


def test_moments_of_training_are_spread_evenly_and_include_the_last() -> None:
    found = [
        Probed("a", "", "t", seed, kimg, Path()) for seed in (0, 1) for kimg in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
    ]
    assert [one.kimg for one in moments_of_cells(found, 3)] == [1.0, 4.0, 7.0]
    assert [one.kimg for one in moments_of_cells(found[:2], 4)] == [1.0, 2.0]
    assert [(one.seed, one.kimg) for one in moments_of_cells(found, 1)] == [(0, 7.0)]


def test_unknown_figure_lists_those_there_are() -> None:
    with pytest.raises(FigureError, match="fid_3d: no such figure; there are fid_curves, "):
        figure_named("fid_3d")


def test_a_users_matplotlibrc_changes_no_figure(store: ResultStore) -> None:
    """Settings of a user are those of matplotlib.rcParams when a figure is drawn; LaTeX need not be there."""
    usual = render("fid_curves", *loaded(store)).png.read_bytes()
    theirs: dict[Any, Any] = {
        "text.usetex": True,
        "font.family": "serif",
        "axes.prop_cycle": "cycler('color', ['k'])",
        "axes.xmargin": 0.3,
        "savefig.bbox": "tight",
        "figure.constrained_layout.use": True,
    }
    with matplotlib.rc_context(theirs):
        assert render("fid_curves", *loaded(store)).png.read_bytes() == usual
        assert matplotlib.rcParams["text.usetex"] is True


@pytest.mark.parametrize("odd", ["$x_{$", r"$\frac{$", "5$ and 6$", "\x1b[31m\x07"])
def test_labels_are_drawn_as_they_are_and_reach_no_terminal(
    tmp_path: Path, odd: str, recwarn: pytest.WarningsRecorder
) -> None:
    store = write_store(tmp_path / "store", WHOLE[:2], step_kimg=50.0)
    plan = json.loads(store.plan("synthetic").read_text())
    for cell in plan["cells"]:
        cell["cell"] += odd
        cell["axes"] = [axis | {"value": f"{axis['value']}{odd}"} for axis in cell["axes"]]
    store.plan("synthetic").write_text(json.dumps(plan))
    for name in ("fid_by_size", "logit_histograms"):
        assert render(name, *loaded(store)).png.stat().st_size > 1000
    assert [str(one.message) for one in recwarn if not str(one.message).isprintable()] == []
