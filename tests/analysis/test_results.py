import json
import math
from pathlib import Path

import pandas as pd
import pytest

from analysis.errors import ResultStoreError, ScoreError
from analysis.results.bands import bands
from analysis.results.load import load
from analysis.results.score import choose_score
from analysis.results.spread import spread
from analysis.synthetic_store import FakeRun, fake_fid, write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded
from trainer.record import State


def test_best_and_last_are_of_the_score(store: ResultStore) -> None:
    runs, _ = loaded(store)
    row = runs.frame.iloc[0]
    values = {kimg: fake_fid(WHOLE[0], kimg) for kimg in (20.0, 40.0, 60.0, 80.0, 100.0)}
    assert row["best"] == min(values.values())
    assert values[row["best_kimg"]] == row["best"]
    assert (row["last_kimg"], row["last"]) == (100.0, values[100.0])


def test_nothing_beyond_the_horizon_of_the_sweep_counts(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[3:4], horizon_kimg=40.0, step_kimg=20.0)
    runs, curves = loaded(store)
    assert curves.scores["kimg"].max() == curves.ticks["kimg"].max() == runs.frame["last_kimg"].max() == 40.0
    assert list(runs.frame["state"]) == ["done"]


def test_the_speed_of_a_run_is_that_up_to_its_horizon(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[3:4], horizon_kimg=40.0, step_kimg=20.0)
    (ticks,) = (store.path / "trials").glob("*/*/ticks.jsonl")
    rows = [json.loads(line) for line in ticks.read_text().splitlines()]
    ticks.write_text("".join(json.dumps(row | {"images_per_second": row["kimg"]}) + "\n" for row in rows))
    assert list(loaded(store)[0].frame["images_per_second"]) == [40.0]  # of 20 and 40; 60 to 100 are of another sweep


def test_a_trial_done_for_a_shorter_horizon_is_short_for_this_sweep(tmp_path: Path) -> None:
    store = write_store(tmp_path, [FakeRun("ada", 500, 0, kimg=40.0)], horizon_kimg=100.0, step_kimg=20.0)
    runs, _ = loaded(store)
    assert list(runs.frame["state"]) == ["short"]


def test_states_distinguish_diverged_running_and_not_started(troubled: ResultStore) -> None:
    runs, _ = loaded(troubled)
    assert list(runs.frame["state"]) == ["diverged", *["done"] * 3, "running", *["done"] * 4, *["new"] * 3]


def test_method_and_size_are_known_of_runs_that_have_not_started(troubled: ResultStore) -> None:
    runs, _ = loaded(troubled)
    last = runs.frame.iloc[-1]
    assert (last["method"], last["training_images"], last["augment"]) == ("ADA", 2000, "ada")


def test_several_evaluation_seeds_are_one_measurement_with_an_error(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[:2], step_kimg=20.0)
    for run in (store.path / "trials").glob("*/*"):
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        more = [row | {"identity": f"seed{seed}", "basis": "common", "seed": seed} for row in rows for seed in (0, 1)]
        for row in more:
            row["value"] += 2 * row["seed"]
        (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in more))
    _, single = load(store, "synthetic", fresh=True, identity="seed0")
    _, curves = load(store, "synthetic", fresh=True)
    assert curves.score.identity == "common"
    joined = curves.scores.merge(single.scores, on=["run", "kimg"], suffixes=("", "_single"))
    assert len(joined) == len(single.scores) > 0
    assert (joined["value"] - joined["value_single"]).tolist() == pytest.approx([1.0] * len(joined))
    assert joined["deviation"].tolist() == pytest.approx([2**0.5] * len(joined))
    assert set(joined["seeds"]) == {2}


def test_values_of_two_identities_never_meet(tmp_path: Path) -> None:
    runs = [WHOLE[0], WHOLE[1]._replace(identity="0ddba115")]
    store = write_store(tmp_path, runs, step_kimg=20.0)
    with pytest.raises(
        ScoreError, match=r"0ddba115 in 1 trial \(.+\); 5ca1ab1e in 1 trial \(.+\); choose one with --identity"
    ):
        loaded(store)
    _, curves = load(store, "synthetic", identity="0ddba115")
    assert set(curves.scores["run"]) == {1}
    with pytest.raises(ScoreError, match="no values with identity cafe"):
        load(store, "synthetic", identity="cafe")


def test_a_score_without_detector_fits_one_metric_only(store: ResultStore) -> None:
    plan = json.loads(store.plan("synthetic").read_text())
    store.plan("synthetic").write_text(json.dumps({**plan, "score": None}))
    _, curves = loaded(store)
    assert curves.score.metric == "fid2k-lite0"
    assert curves.score.description == (
        "fid2k-lite0: detector lite0, 2,000 generated vs 2,000 real images, identity 5ca1ab1e"
    )


def test_unknown_sweep_names_those_there_are(store: ResultStore) -> None:
    with pytest.raises(ResultStoreError, match="no such plan; sweeps in this store: synthetic"):
        load(store, "other")


def test_fresh_results_equal_those_from_the_tables(troubled: ResultStore) -> None:
    runs, curves = loaded(troubled)
    fresh_runs, fresh_curves = load(troubled, "synthetic", fresh=True)
    pd.testing.assert_frame_equal(runs.frame, fresh_runs.frame)
    pd.testing.assert_frame_equal(curves.scores, fresh_curves.scores)
    pd.testing.assert_frame_equal(curves.ticks, fresh_curves.ticks)


def frame_of(values: list[float], diverged: list[bool]) -> pd.DataFrame:
    names = [f"t{i}" for i in range(len(values))]
    about = pd.DataFrame({"cell": "c", "method": "m", "training_images": 500, "trial": names, "run": range(len(names))})
    return about.assign(best=values, diverged=diverged)


@pytest.mark.parametrize(
    ("values", "diverged", "median", "low", "high", "runs"),
    [
        ([3.0, 1.0, 2.0], [False] * 3, 2.0, 1.0, 3.0, 3),
        ([3.0, 1.0, 2.0], [False, True, False], 3.0, 2.0, 3.0, 2),
        ([3.0, 1.0, 2.0], [True, True, False], math.inf, 2.0, 2.0, 1),
        ([3.0, math.nan, math.nan], [False] * 3, 3.0, 3.0, 3.0, 1),
        ([math.nan], [False], math.nan, math.nan, math.nan, 0),
    ],
)
def test_spread_counts_a_diverged_run_as_worst_and_a_missing_one_not(
    values: list[float], diverged: list[bool], median: float, low: float, high: float, runs: int
) -> None:
    (row,) = spread(frame_of(values, diverged), "best", math.inf).to_dict("records")
    expected = {"median": median, "min": low, "max": high, "runs": runs, "planned_runs": len(values)}
    assert {key: row[key] for key in expected} == pytest.approx(expected, nan_ok=True)


def test_a_diverged_run_is_worst_in_the_band_from_then_on() -> None:
    runs = frame_of([1.0, 1.0, 1.0], [True, False, False]).assign(diverged_kimg=[2.0, math.nan, math.nan])
    points = [(0, 1.0, 5.0), *((run, kimg, value) for run, value in ((1, 7.0), (2, 9.0)) for kimg in (1, 2))]
    curves = pd.DataFrame(points, columns=["run", "kimg", "value"])
    table = bands(curves, runs, "value", worst=math.inf)
    columns = ["median", "min", "max", "runs", "diverged_runs", "diverged_in_the_end", "planned_runs"]
    assert table[columns].to_numpy().tolist() == [[7, 5, 9, 3, 0, 1, 3], [9, 7, 9, 2, 1, 1, 3]]


def test_points_at_which_a_seed_was_not_evaluated_are_not_in_the_median() -> None:
    runs = pd.DataFrame({"run": [0, 1], "cell": "a", "method": "none", "training_images": 10.0, "diverged": False})
    runs["diverged_kimg"] = float("nan")
    points = [(0, 1.0, 5.0), (1, 2.0, 9.0), (0, 3.0, 5.0), (1, 3.0, 9.0), (0, 4.0, 4.0)]
    table = bands(pd.DataFrame(points, columns=["run", "kimg", "value"]), runs, "value", worst=math.inf)
    assert list(zip(table["kimg"], table["median"], table["runs"], strict=True)) == [(3.0, 7.0, 2), (4.0, 4.0, 1)]


def test_running_state_is_the_recorded_one(tmp_path: Path) -> None:
    store = write_store(tmp_path, [FakeRun("none", 500, 0, kimg=20.0, state=State.LOST)], step_kimg=20.0)
    runs, _ = loaded(store)
    assert list(runs.frame["state"]) == ["lost"]


def test_a_run_at_its_horizon_that_is_not_done_is_still_evaluating(tmp_path: Path) -> None:
    store = write_store(tmp_path, [FakeRun("none", 500, 0, state=State.RUNNING)], step_kimg=20.0, files=False)
    assert list(loaded(store)[0].frame["state"]) == ["running"]
    store = write_store(tmp_path, [FakeRun("none", 500, 0, state=State.RUNNING)], horizon_kimg=80.0, files=False)
    assert list(loaded(store)[0].frame["state"]) == ["running"]  # for another sweep, and nothing is saved yet


def test_the_plan_says_the_training_images_of_a_cell_that_has_not_started(tmp_path: Path) -> None:
    store = write_store(tmp_path, WHOLE[:1], missing=[FakeRun("ada", 500, 0), FakeRun("ada", 2000, 0)], files=False)
    plan = json.loads(store.plan("synthetic").read_text())
    mirrored = [cell | {"training_images": 2 * cell["training_images"]} for cell in plan["cells"]]
    store.plan("synthetic").write_text(json.dumps(plan | {"cells": mirrored}))
    assert list(loaded(store)[0].frame["training_images"]) == [1000.0, 1000.0, 4000.0]


def test_a_plan_without_training_images_takes_them_from_started_runs_of_the_cell(
    tmp_path: Path,
) -> None:
    store = write_store(tmp_path, WHOLE[:1], missing=[WHOLE[1], WHOLE[3]], files=False)
    plan = json.loads(store.plan("synthetic").read_text())
    later = {"name", "axes", "training_images"}
    earlier = [{key: value for key, value in cell.items() if key not in later} for cell in plan["cells"]]
    store.plan("synthetic").write_text(json.dumps(plan | {"cells": earlier}))
    frame = loaded(store)[0].frame
    assert list(frame["training_images"].fillna(0)) == [500.0, 500.0, 0.0]
    assert list(frame["method"]) == ["no augmentation", "no augmentation", "ADA"]


def two_sets(names: dict[str, str], metric: str = "fid2k-lite0") -> pd.DataFrame:
    rows = [
        {
            "metric": metric,
            "identity": name,
            "basis": name,
            "num_generated": 2000,
            "num_real": 9,
            "reference": reference,
        }
        for name, reference in names.items()
    ]
    return pd.DataFrame(rows).assign(trials=1)


def test_every_data_set_of_a_sweep_has_an_identity_of_its_own() -> None:
    found = two_sets({"aaaa": "cats", "bbbb": "dogs"})
    assert choose_score(found, "fid2k", several_sets=True).identity == "aaaa+bbbb"
    assert choose_score(found, "fid2k", "aaaa+bbbb", several_sets=True).identity == "aaaa+bbbb"
    with pytest.raises(ScoreError, match="values of different identities cannot be compared"):
        choose_score(found, "fid2k")


def test_two_identities_of_one_data_set_do_not_meet_in_a_sweep_of_several() -> None:
    with pytest.raises(ScoreError, match="values of different identities cannot be compared"):
        choose_score(two_sets({"aaaa": "cats", "bbbb": "dogs", "cccc": "dogs"}), "fid2k", several_sets=True)
