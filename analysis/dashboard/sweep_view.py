"""What the page of one sweep shows: its runs in columns, the axes of its grid, and how its cells differ."""

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd
from pydantic import BaseModel

from analysis.dashboard.columns import Numbers, flattened, numbers, plain, texts
from analysis.dashboard.live_store import LiveStore
from analysis.results.load import Curves, Runs
from analysis.tables.attempts import JOULES_PER_KWH
from trainer.config.plan_file import PlannedRun

CELL, SEED, NAME = "cell", "seed", "name"


class ScoreView(BaseModel):
    """The metric that ranks the cells; `described` says what its values depend on."""

    metric: str
    label: str
    described: str
    higher_is_better: bool


class AxisView(BaseModel):
    """One axis of the grid; `place` has for each run the index of its value in `values`."""

    key: str
    label: str
    values: list[str]
    place: list[int]


class RunColumns(BaseModel):
    """One entry per run in every list; `cell` is an index into the sweep's cells. Units in the names."""

    trial: list[str]
    cell: list[int]
    seed: list[int]
    state: list[str]
    kimg: Numbers
    horizon_kimg: Numbers
    best: Numbers
    best_kimg: Numbers
    last: Numbers
    hours: Numbers
    kwh: Numbers
    images_per_second: Numbers
    diverged_kimg: Numbers
    attempts: list[int]
    why: list[str]


class SettingRow(BaseModel):
    """One setting in which cells differ, with its value in each cell."""

    key: str
    values: list[str]


class SweepView(BaseModel):
    """A sweep with its runs."""

    sweep: str
    question: str
    tier: str | None
    score: ScoreView
    metrics: list[str]
    is_search: bool
    cells: list[str]
    axes: list[AxisView]
    runs: RunColumns
    settings: list[SettingRow]


def sweep_view(live: LiveStore, sweep: str) -> SweepView:
    """Return the view of a sweep. Raises AnalysisError where there is none."""
    return live.once(("view", sweep), lambda: _view(live, sweep))


def _view(live: LiveStore, sweep: str) -> SweepView:
    runs, curves = live.sweep(sweep)
    return SweepView(
        sweep=sweep,
        question=runs.plan.question,
        tier=runs.plan.tier,
        score=score_of(curves),
        metrics=curves.recorded,
        is_search=runs.plan.search is not None,
        cells=runs.cells,
        axes=list(_axes(runs)),
        runs=_columns(runs),
        settings=_settings(live, runs),
    )


def score_of(curves: Curves) -> ScoreView:
    """Return the words for the metric of some curves."""
    score = curves.score
    return ScoreView(
        metric=score.metric, label=score.label, described=score.description, higher_is_better=score.higher_is_better
    )


def _columns(runs: Runs) -> RunColumns:
    frame = runs.frame
    because = frame["diverged_because"].where(frame["diverged"], frame["message"])
    return RunColumns(
        trial=list(frame["trial"]),
        cell=pd.Index(runs.cells).get_indexer(pd.Index(frame["cell"])).tolist(),
        seed=frame["seed"].astype(int).tolist(),
        state=list(frame["state"]),
        kwh=numbers(frame["energy_joules"].astype(float) / JOULES_PER_KWH),
        attempts=frame["attempts"].fillna(0).astype(int).tolist(),
        why=texts(because.where(frame["state"] != "done", "")),
        **{name: numbers(frame[name]) for name in _NUMBERS},
    )


_NUMBERS = ("kimg", "horizon_kimg", "best", "best_kimg", "last", "hours", "images_per_second", "diverged_kimg")


def _axes(runs: Runs) -> Iterable[AxisView]:
    """Yield the axes on which runs have more than one value, those of the sweep first, the seed last."""
    planned = {run.cell: run for run in runs.plan.cells}
    keys = dict.fromkeys(axis.key for run in planned.values() for axis in run.axes)
    of_cells = {NAME: [planned[cell].name for cell in runs.frame["cell"]]}
    of_cells |= {key: [_value(planned[cell], key) for cell in runs.frame["cell"]] for key in keys}
    of_cells |= {SEED: [str(seed) for seed in runs.frame["seed"]]}
    for key, found in of_cells.items():
        values = list(dict.fromkeys(found))
        place = {value: index for index, value in enumerate(values)}
        if len(values) > 1:
            label = "cell" if key == NAME else key.removesuffix(".type").rpartition(".")[2].replace("_", " ")
            yield AxisView(key=key, label=label, values=values, place=[place[value] for value in found])


def _value(run: PlannedRun, key: str) -> str:
    found = next((axis.value for axis in run.axes if axis.key == key), None)
    return "–" if found is None else plain(found)


def _settings(live: LiveStore, runs: Runs) -> list[SettingRow]:
    """Return the settings in which cells differ, of the resolved configurations; of the plan where none has begun."""
    begun = runs.frame.drop_duplicates("cell").set_index("cell")["trial"]
    configs = configurations(live, list(begun))
    planned = {run.cell: run for run in runs.plan.cells}
    of_cell = [configs.get(begun[cell]) or flattened(planned[cell].settings) for cell in runs.cells]
    keys = dict.fromkeys(key for settings in of_cell for key in settings if key != SEED)
    rows = (SettingRow(key=key, values=[_text(settings, key) for settings in of_cell]) for key in keys)
    return [row for row in rows if len(set(row.values)) > 1]


def _text(settings: dict[str, Any], key: str) -> str:
    return plain(settings[key]) if key in settings else "–"


def configurations(live: LiveStore, trials: list[str]) -> dict[str, dict[str, Any]]:
    """Return the resolved configurations of trials that are in the tables, by dotted key."""
    rows = live.tables.rows("runs", ("trial", "config_json"), trials).to_pylist()
    return {row["trial"]: flattened(json.loads(row["config_json"])) for row in rows}
