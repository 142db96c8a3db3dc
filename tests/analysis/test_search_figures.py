"""Figures of a search name its configurations by rank, because their settings would fill the page."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.figures.catalog import figure_named
from analysis.figures.shapes.curve_panels import BEST_SHOWN, lay_out_ranked
from analysis.results.load import Curves, Runs
from analysis.results.ranking import ranked, ranking
from analysis.results.score import Score
from analysis.synthetic_store import FakeRun, write_store
from tests.analysis.stores import loaded
from trainer.config.plan_file import OverSeeds, SampledPoints, read_plan_file

SIZES = (300, 500, 1000, 2000, 4000, 8000, 9000)
"""Each is a configuration of its own; the more images, the better the made-up scores."""


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runs, Curves]:
    folder = tmp_path_factory.mktemp("search")
    store = write_store(folder, [FakeRun("none", size, seed) for size in SIZES for seed in range(2)], step_kimg=20.0)
    path: Path = store.plan("synthetic")
    plan = read_plan_file(path)
    assert plan
    path.write_text(plan.model_copy(update={"search": SampledPoints(space="s", points=())}).model_dump_json())
    return loaded(store)


def test_the_best_configurations_are_named_by_rank_and_the_others_share_a_name(search: tuple[Runs, Curves]) -> None:
    panels = figure_named("fid_curves").data(*search).panels  # type: ignore[attr-defined]
    assert panels.panels == [""]
    assert panels.series == ["rank 1", "rank 2", "rank 3", "rank 4", "rank 5", "all others"]
    assert panels.others == "all others"
    best = next(cell.cell for cell in panels.cells if cell.series == "rank 1")
    assert best == "subset=9000 none"


def test_samples_of_a_search_are_titled_by_rank(search: tuple[Runs, Curves]) -> None:
    titles = figure_named("samples").data(*search).titles  # type: ignore[attr-defined]
    assert titles["subset=9000 none"].startswith("rank 1, ")
    assert [title.split(",")[0] for title in titles.values()] == [f"rank {place}" for place in range(1, len(SIZES) + 1)]


def test_few_configurations_have_no_others() -> None:
    order = [f"c{place}" for place in range(BEST_SHOWN)]
    assert lay_out_ranked(order, pd.DataFrame({"cell": order})).others == ""


@pytest.mark.parametrize("over", ["mean", "worst"])
def test_a_diverged_configuration_ranks_below_all_with_a_score_and_above_those_without(over: OverSeeds) -> None:
    runs = pd.DataFrame(
        {
            "cell": ["none yet", "diverged", "worse", "better"],
            "best": [float("nan"), 1.0, 20.0, 10.0],
            "diverged": [False, True, False, False],
            "method": "",
            "training_images": 1,
            "trial": "t",
        }
    )
    assert ranked(runs, Score("fid2k-lite0", "i"), over) == ["better", "worse", "diverged", "none yet"]
    assert ranked(runs, Score("is2k_mean-lite0", "i"), over) == ["worse", "better", "diverged", "none yet"]


@pytest.mark.parametrize(("over", "first"), [("mean", "uneven"), ("worst", "even")])
def test_configurations_rank_by_what_the_search_minimised(over: OverSeeds, first: str) -> None:
    scores = {"even": [20.0, 20.0], "uneven": [9.0, 30.0]}
    rows = [{"cell": cell, "best": best, "diverged": False} for cell, bests in scores.items() for best in bests]
    found = ranking(pd.DataFrame(rows), Score("fid2k-lite0", "i"), over)
    assert (found.index[0], found.iloc[0]) == (first, 19.5 if over == "mean" else 20)
