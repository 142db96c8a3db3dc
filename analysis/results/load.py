"""The data behind figures, tables and claims: the runs of a sweep and their curves as data frames.

Runs.frame, one row per planned run, in the order of the plan (a run that has not started has NaN and "new"):
    run cell name method dataset settings training_images seed trial horizon_kimg augment augment_target state kimg
    hours images_per_second energy_joules ... diverged best_kimg best last_kimg last      (best, last: of the score)
    (method: in a search, the rank of the configuration)
Curves.scores: run kimg value deviation seeds (mean and deviation over evaluation seeds)
Curves.ticks: run kimg p r_t          (`run` is the index in the plan)
They hold nothing beyond a run's horizon in this sweep, even if another sweep trained the trial further.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.results.cells import CellLabels, augment_label, labels_of
from analysis.results.own_energy import COST_COLUMNS, own_joules
from analysis.results.ranking import ranked, with_rank_as_method
from analysis.results.run_state import each_due, each_within, with_state, with_withheld
from analysis.results.score import JOIN, Score, choose_score, identities
from analysis.tables.plan_file import read_plan
from analysis.tables.schema import SCHEMAS
from analysis.tables.source import CollectedTables, RowSource, TrialFiles
from analysis.tables.store import ResultStore
from trainer.config.claims.grammar import is_measured
from trainer.config.plan_file import PlanFile
from trainer.config.stored import TOLERANCE_KIMG

METRIC_COLUMNS = (
    *("trial", "attempt", "kimg", "metric", "identity", "basis", "value", "num_real", "num_generated"),
    *("reference", "seed"),
)
RUN_COLUMNS = [name for name in SCHEMAS["runs"].names if name not in ("signature", "config_json", "skipped")]
TICK_COLUMNS = ("trial", "kimg", "p", "r_t")
SPEED_COLUMNS = ("trial", "kimg", "images_per_second")


@dataclass(frozen=True)
class Curves:
    """Values of the score during training, and the ticks, which are loaded on demand."""

    score: Score
    scores: pd.DataFrame
    planned: pd.DataFrame
    source: RowSource
    plan: PlanFile

    @cached_property
    def ticks(self) -> pd.DataFrame:
        return _of_sweep(self.source.rows("ticks", TICK_COLUMNS, sorted(set(self.planned["trial"]))), self.planned)

    @cached_property
    def own_joules(self) -> pd.Series:
        """Return the energy of each run of `planned` in joules, without what only other sweeps asked for."""
        attempts = self.source.rows("attempts", COST_COLUMNS, sorted(set(self.planned["trial"])))
        metrics = _own_metrics(self.source, self.plan, self.planned).select(["trial", "attempt", "metric"]).to_pandas()
        if self.plan.metrics:
            metrics = metrics[[is_measured(name, self.plan.metrics) for name in metrics["metric"]]]
        return own_joules(self.planned, attempts, self.plan.sweep, metrics)

    @cached_property
    def recorded(self) -> list[str]:
        """Return the names of all metrics recorded for any of the runs."""
        names = self.source.rows("metrics", ("trial", "metric"), sorted(set(self.planned["trial"])))["metric"]
        return sorted(name.as_py() for name in pc.unique(names))

    def of(self, metric: str) -> "Curves":
        """Return the curves of another metric for the same runs."""
        return _curves(self.source, self.plan, self.planned, metric, None)


@dataclass(frozen=True)
class Runs:
    """The runs of a sweep, with their plan and store."""

    store: ResultStore
    plan: PlanFile
    frame: pd.DataFrame

    @property
    def cells(self) -> list[str]:
        return list(dict.fromkeys(self.frame["cell"]))

    def only(self, cells: Sequence[str]) -> "Runs":
        """Return the runs of the given cells."""
        return replace(self, frame=self.frame[self.frame["cell"].isin(cells)])

    def by_rank(self, score: Score) -> "Runs":
        """Return the runs of a search in the order of rank, those of other sweeps as they are."""
        if not self.plan.search:
            return self
        cells = ranked(self.frame, score, self.plan.search.over_seeds)
        places = self.frame["cell"].map({cell: place for place, cell in enumerate(cells)})
        return replace(self, frame=self.frame.loc[places.sort_values(kind="stable").index])

    def scored_by(self, curves: Curves) -> "Runs":
        """Return the runs with the best and last values of `curves`."""
        frame = _with_best_and_last(self.frame.copy(), curves.scores, curves.score)
        search = self.plan.search
        return replace(self, frame=with_rank_as_method(frame, curves.score, search.over_seeds) if search else frame)


def load(
    store: ResultStore, sweep: str, *, fresh: bool = False, score: str | None = None, identity: str | None = None
) -> tuple[Runs, Curves]:
    """Return the runs and curves of `sweep` from the tables, or with `fresh` from the files of the trials."""
    source = TrialFiles(store) if fresh else CollectedTables(store)
    return load_from(source, store, sweep, score=score, identity=identity)


def load_from(
    source: RowSource, store: ResultStore, sweep: str, *, score: str | None = None, identity: str | None = None
) -> tuple[Runs, Curves]:
    """Return the runs and curves of `sweep` with the rows of `source`."""
    plan = read_plan(store, sweep)
    planned = _planned(plan)
    curves = _curves(source, plan, planned, score or plan.score, identity)
    metrics = _own_metrics(source, plan, planned)
    frame = _with_divergence(_with_own_speed(_joined(planned, source), source), metrics, plan)
    return Runs(store, plan, with_withheld(with_state(frame, plan, metrics), store)).scored_by(curves), curves


def _curves(
    source: RowSource, plan: PlanFile, planned: pd.DataFrame, score: str | None, identity: str | None
) -> Curves:
    metrics = _own_metrics(source, plan, planned)
    several = planned["dataset"].nunique() > 1
    chosen = choose_score(identities(metrics), score, identity, several_sets=several)
    return Curves(chosen, _over_seeds(_of_sweep(of_score(metrics, chosen), planned)), planned, source, plan)


def _own_metrics(source: RowSource, plan: PlanFile, planned: pd.DataFrame) -> pa.Table:
    """Return the values up to the horizon, without those of moments and seeds that only other sweeps evaluated."""
    trials = sorted(set(planned["trial"]))
    metrics = _up_to_horizon(source.rows("metrics", METRIC_COLUMNS, trials), planned)
    further = pc.fill_null(pc.greater_equal(metrics["seed"], plan.evaluation_seeds), False)
    further = pc.or_(further, pa.array(~_are_due(metrics, plan)))
    if not pc.any(further).as_py():
        return metrics
    attempts = source.rows("attempts", ("trial", "number", "sweep"), trials)
    others = attempts.filter(pc.invert(pc.is_in(attempts["sweep"], pa.array(["", plan.sweep]))))
    of_others = pc.is_in(_places(metrics, "attempt"), _places(others, "number").combine_chunks())
    return metrics.filter(pc.invert(pc.and_(further, of_others)))


def _up_to_horizon(metrics: pa.Table, planned: pd.DataFrame) -> pa.Table:
    """Return the values of each trial up to the longest horizon that it is planned with."""
    longest = planned.groupby("trial")["horizon_kimg"].max()
    places = pc.index_in(metrics["trial"], value_set=pa.array(longest.index, pa.string()))
    limits = pa.array(longest.to_numpy(), pa.float64()).take(places.combine_chunks())
    return metrics.filter(pc.less_equal(metrics["kimg"], pc.add(limits, TOLERANCE_KIMG)))


def _are_due(metrics: pa.Table, plan: PlanFile) -> NDArray[np.bool_]:
    """Return of each value whether the plan evaluates there, for any of the horizons of its trial."""
    every, wanted = plan.evaluate_every_kimg, {(run.trial, run.horizon_kimg, run.batch) for run in plan.cells}
    if every is None or any(batch is None for _, _, batch in wanted):
        return np.ones(len(metrics), bool)
    frame = pd.DataFrame(sorted(wanted), columns=["trial", "horizon_kimg", "batch"])
    trials = pd.Index(frame["trial"].unique())
    numbers = pc.index_in(metrics["trial"], value_set=pa.array(trials, pa.string())).to_numpy()
    due, kimg = np.zeros(len(metrics), bool), metrics["kimg"].to_numpy()
    for _, one_each in frame.groupby(frame.groupby("trial").cumcount()):
        found = one_each.set_index("trial").reindex(trials).to_numpy(float)[numbers]
        due |= each_due(kimg, found[:, 0], every, found[:, 1])
    return due


def _places(rows: pa.Table, number: str) -> pa.ChunkedArray:
    """Return the attempt of each row as text, `TRIAL/NUMBER`."""
    return pc.binary_join_element_wise(rows["trial"], pc.cast(rows[number], pa.string()), "/")


def of_score(metrics: pa.Table, score: Score) -> pa.Table:
    """Return the values of a score: of one evaluation seed, or of all if its identity covers several seeds."""
    named = pa.array(score.identity.split(JOIN), pa.string())
    seeds = metrics["identity"].filter(pc.is_in(metrics["basis"], named))
    identities = pa.array(sorted({*named.to_pylist(), *pc.unique(seeds).to_pylist()}), pa.string())
    wanted = pc.and_(pc.equal(metrics["metric"], score.metric), pc.is_in(metrics["identity"], identities))
    return metrics.select(["trial", "kimg", "value"]).filter(wanted)


def _over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per run and kimg: mean, standard deviation (NaN for one) and number of evaluation seeds."""
    if not rows.duplicated(["run", "kimg"]).any():
        return rows.assign(deviation=float("nan"), seeds=1)
    grouped = rows.groupby(["run", "kimg"], sort=False)["value"]
    return grouped.agg(value="mean", deviation="std", seeds="count").reset_index()


def loader(
    store: ResultStore, sweep: str, of_score: tuple[Runs, Curves]
) -> Callable[[str | None], tuple[Runs, Curves]]:
    """Return a cached function from a metric's name to runs and curves; None is the score, which is already loaded."""

    @cache
    def load_by(metric: str | None) -> tuple[Runs, Curves]:
        return of_score if metric is None else load(store, sweep, score=metric)

    return load_by


def _planned(plan: PlanFile) -> pd.DataFrame:
    """Return one row per planned run; `run` is its index in the plan."""
    columns = ["cell", "seed", "trial", "horizon_kimg"]
    frame = pd.DataFrame([[getattr(run, column) for column in columns] for run in plan.cells], columns=columns)
    cells = {run.cell: run for run in plan.cells}  # the seeds of a cell have equal labels and settings
    cell_labels = {cell: labels_of(run) for cell, run in cells.items()}
    for place, column in enumerate(CellLabels._fields):
        frame[column] = frame["cell"].map({cell: named[place] for cell, named in cell_labels.items()})
    frame["settings"] = pd.Series([cells[cell].settings for cell in frame["cell"]], dtype=object)
    frame["planned_images"] = frame["cell"].map({cell: run.training_images for cell, run in cells.items()})
    frame = frame.drop_duplicates(["cell", "seed", "trial"]).reset_index(drop=True)
    return frame.assign(run=frame.index)


def _of_sweep(rows: pa.Table, planned: pd.DataFrame) -> pd.DataFrame:
    """Return rows with `run` in place of their trial, up to the run's horizon.

    Trials are matched as numbers: for a million rows, ten times as fast as matching strings.
    """
    trials = pd.Index(planned["trial"].unique())
    numbered = rows.drop_columns(["trial"]).to_pandas()
    numbered["number"] = pc.index_in(rows["trial"], value_set=pa.array(trials, pa.string())).to_numpy()
    places = planned[["run", "horizon_kimg"]].assign(number=trials.get_indexer(planned["trial"]))
    joined = places.merge(numbered, on="number", how="inner")
    within = joined[each_within(joined["kimg"], joined["horizon_kimg"])]
    return within.drop(columns=["number", "horizon_kimg"]).reset_index(drop=True)


def _joined(planned: pd.DataFrame, source: RowSource) -> pd.DataFrame:
    """Return planned runs joined with their rows in the tables.

    A plan of an earlier version may lack the number of training images; it is then taken from runs of the same cell
    that have started.
    """
    runs = source.rows("runs", RUN_COLUMNS, sorted(set(planned["trial"]))).to_pandas()
    frame = planned.merge(runs, on="trial", how="left")
    images = frame["planned_images"].astype(float).fillna(frame["training_images"].astype(float))
    frame["training_images"] = images.fillna(images.groupby(frame["cell"]).transform("first"))
    augments = frame.groupby("method")["augment"].transform("first")
    frame["augment"] = frame["augment"].fillna(augments)
    for column in ("name", "method"):
        frame[column] = frame[column].where(frame[column] != "", frame["augment"].map(augment_label))
    return frame.drop(columns="planned_images")


def _with_own_speed(frame: pd.DataFrame, source: RowSource) -> pd.DataFrame:
    """Return runs with the median speed up to their horizon, also where another sweep has trained the trial further."""
    further = frame[frame["kimg"].notna() & ~each_within(frame["kimg"], frame["horizon_kimg"])]
    if further.empty:
        return frame
    ticks = _of_sweep(source.rows("ticks", SPEED_COLUMNS, sorted(set(further["trial"]))), further)
    own = ticks.groupby("run")["images_per_second"].quantile(0.5, interpolation="higher")
    is_further = frame["run"].isin(further["run"])
    return frame.assign(images_per_second=frame["images_per_second"].mask(is_further, frame["run"].map(own)))


def _with_divergence(frame: pd.DataFrame, metrics: pa.Table, plan: PlanFile) -> pd.DataFrame:
    """Return runs with when and why they diverged: the worker reported it, or a metric of this sweep is NaN."""
    broken = metrics.filter(pc.is_nan(metrics["value"])).select(["trial", "kimg", "metric"]).to_pandas()
    if plan.metrics:
        own = [is_measured(name, plan.metrics) for name in broken["metric"]]
        broken = broken[np.array(own, dtype=bool)]
    first = broken.sort_values(["kimg", "metric"]).drop_duplicates("trial").set_index("trial")
    measured = frame["trial"].map(first["kimg"]).astype(float)
    reported = frame.pop("worker_diverged_kimg").astype(float)
    is_measured_first = measured.notna() & ~(reported < measured)
    because = frame["diverged_because"].where(frame["diverged_kimg"] == reported)  # not a metric of another sweep
    because = because.mask(is_measured_first, frame["trial"].map(first["metric"].astype(str) + " is nan"))
    return frame.assign(diverged_kimg=np.fmin(measured, reported), diverged_because=because)


def _with_best_and_last(frame: pd.DataFrame, scores: pd.DataFrame, score: Score) -> pd.DataFrame:
    """Add the best value, the last value, and their kimg; among equal values the earliest is the best."""
    finite = scores[scores["value"].abs() < float("inf")].sort_values(["run", "kimg"], kind="stable")
    signed = -finite["value"] if score.higher_is_better else finite["value"]
    best = finite.loc[signed.groupby(finite["run"], sort=False).idxmin()]
    last = finite.drop_duplicates("run", keep="last")
    for name, rows in (("best", best), ("last", last)):
        of_run = rows.set_index("run")
        frame[f"{name}_kimg"] = frame["run"].map(of_run["kimg"]).astype(float)
        frame[name] = frame["run"].map(of_run["value"]).astype(float)
    return frame
