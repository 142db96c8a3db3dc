"""Tidy frames of what was measured while training: runs, curves, ticks, statistics, configurations."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.notebook.columns import FRAMES
from analysis.results.load import Curves, Runs
from analysis.results.run_state import each_within
from analysis.tables.schema import SCHEMAS

TICK_COLUMNS = [name for name in SCHEMAS["ticks"].names if name != "stats"]
OF_RUN = ["cell", "method", "dataset", "training_images", "seed", "trial"]


def runs_frame(runs: Runs) -> pd.DataFrame:
    """Return one row per planned run."""
    return runs.frame[list(FRAMES["runs"])].reset_index(drop=True)


def curves_frame(runs: Runs, curves: Curves) -> pd.DataFrame:
    """Return one row per run and evaluated snapshot."""
    scores = runs.frame[["run", *OF_RUN]].merge(curves.scores, on="run")
    named = scores.assign(metric=curves.score.metric, identity=curves.score.identity)
    return _ordered(named, "curves")


def ticks_frame(runs: Runs, curves: Curves) -> pd.DataFrame:
    """Return one row per run and tick."""
    return _ordered(_ticks(runs, curves, TICK_COLUMNS), "ticks")


def statistics_frame(runs: Runs, curves: Curves) -> pd.DataFrame:
    """Return one row per run, tick and statistic."""
    ticks = _ticks(runs, curves, ["trial", "kimg", "stats"])
    pairs = pd.Series([list(stats or ()) for stats in ticks["stats"]], index=ticks.index, dtype=object)
    long = ticks.assign(stats=pairs).explode("stats").dropna(subset="stats")
    named = long.assign(statistic=[name for name, _ in long["stats"]], value=[number for _, number in long["stats"]])
    return _ordered(named, "statistics")


def configurations_frame(runs: Runs, curves: Curves, *, only_differing: bool = False) -> pd.DataFrame:
    """Return one row per run that has started, with a column for every dotted key of its configuration."""
    stored = curves.source.rows("runs", ["trial", "config_json"], sorted(set(runs.frame["trial"])))
    settings = {row["trial"]: dict(_flat(json.loads(row["config_json"]))) for row in stored.to_pylist()}
    begun = runs.frame[runs.frame["trial"].isin(list(settings))].reset_index(drop=True)
    keys = pd.DataFrame([settings[trial] for trial in begun["trial"]], index=begun.index, dtype=object)
    if only_differing:
        keys = keys[[key for key in keys.columns if keys[key].map(repr).nunique() > 1]]
    return pd.concat([begun[list(FRAMES["configurations"])], keys], axis=1)


def _ticks(runs: Runs, curves: Curves, columns: list[str]) -> pd.DataFrame:
    rows = curves.source.rows("ticks", columns, sorted(set(runs.frame["trial"]))).to_pandas()
    joined = runs.frame[[*OF_RUN, "horizon_kimg"]].merge(rows, on="trial")
    return joined[each_within(joined["kimg"], joined["horizon_kimg"])]


def _ordered(rows: pd.DataFrame, frame: str) -> pd.DataFrame:
    """Return the columns of a frame, in the order of the plan and of training."""
    return rows[list(FRAMES[frame])].reset_index(drop=True)


def _flat(settings: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted keys of nested settings with their values."""
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{place}{key}.")
        else:
            yield f"{place}{key}", value
