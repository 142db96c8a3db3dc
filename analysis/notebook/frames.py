"""The face of analysis for notebooks: a store, its sweeps, and their results as tidy pandas frames."""

from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analysis.claims.verdicts import judge_sweep
from analysis.errors import UNWRITABLE
from analysis.notebook import file_frames, measured_frames
from analysis.notebook.columns import described
from analysis.results.load import Curves, Runs, load, loader
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from analysis.tables.store import open_store as result_store

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class SweepFrames:
    """The results of one sweep. Every method returns a new frame; `columns` explains them.

    Nothing beyond the horizon of this sweep is in them, even if another sweep trained a trial further. They show the
    state of the store when the sweep was opened.
    """

    def __init__(self, runs: Runs, curves: Curves) -> None:
        self._runs, self._curves = runs, curves

    @property
    def name(self) -> str:
        """The name of the sweep."""
        return self._runs.plan.sweep

    @property
    def question(self) -> str:
        """The question that the sweep asks."""
        return self._runs.plan.question

    @property
    def metrics(self) -> list[str]:
        """The full names of all metrics recorded for its runs."""
        return self._curves.recorded

    @staticmethod
    def columns(frame: str) -> pd.DataFrame:
        """Return the columns of a frame ("runs", "curves", ...) with their units and meanings."""
        return described(frame)

    def runs(self) -> pd.DataFrame:
        """Return one row per planned run, in the order of the plan."""
        return measured_frames.runs_frame(self._runs)

    def curves(self, metric: str | None = None) -> pd.DataFrame:
        """Return one row per run and evaluated snapshot: values of the score, or of another metric.

        Raises ScoreError if values of several identities would be mixed.
        """
        return measured_frames.curves_frame(self._runs, self._curves.of(metric) if metric else self._curves)

    def ticks(self) -> pd.DataFrame:
        """Return one row per run and tick: p, r_t, speed, memory, energy."""
        return measured_frames.ticks_frame(self._runs, self._curves)

    def statistics(self) -> pd.DataFrame:
        """Return one row per run, tick and loss, score or penalty."""
        return measured_frames.statistics_frame(self._runs, self._curves)

    def claims(self, *further: str) -> pd.DataFrame:
        """Return one row per claim of the sweep and per `further` claim, with its verdict. Raises ClaimError."""
        load_by = loader(self._runs.store, self.name, (self._runs, self._curves))
        return file_frames.claims_frame(judge_sweep(self._runs.plan.claims, further, load_by))

    def configurations(self, *, only_differing: bool = False) -> pd.DataFrame:
        """Return one row per run that has started, with a column for every dotted key of its configuration."""
        return measured_frames.configurations_frame(self._runs, self._curves, only_differing=only_differing)

    def samples(self) -> pd.DataFrame:
        """Return one row per sheet of real or generated images."""
        return file_frames.samples_frame(self._runs)

    def probes(self) -> pd.DataFrame:
        """Return one row per array that a probe of a snapshot gave."""
        return file_frames.probes_frame(self._runs)

    def figure(self, name: str, ax: "Axes | None" = None) -> "Figure":
        """Draw a figure in the place of `ax`, or on a new page; return the matplotlib figure. Raises FigureError.

        A figure of several panels removes `ax` and divides its place.
        """
        from analysis.notebook.own_axes import draw_on

        return draw_on(name, self._runs, self._curves, ax)


class StoreFrames:
    """A store: which sweeps it holds. Its tables are updated when it is opened, unless it is read-only."""

    def __init__(self, store: ResultStore) -> None:
        self._store = store

    @cached_property
    def _is_collected(self) -> bool:
        try:
            collect(self._store)
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            return False
        return True

    @property
    def sweeps(self) -> list[str]:
        """The names of the sweeps in the store."""
        return self._store.sweeps()

    def sweep(self, name: str, *, score: str | None = None, identity: str | None = None) -> SweepFrames:
        """Return the results of a sweep, by its own score or by another metric and identity.

        Raises ResultStoreError for an unknown sweep, ScoreError if the score is ambiguous.
        """
        return SweepFrames(*load(self._store, name, fresh=not self._is_collected, score=score, identity=identity))


def open_store(path: str | PathLike[str] = "store") -> StoreFrames:
    """Return the store in the folder `path`. Raises ResultStoreError if there is none."""
    return StoreFrames(result_store(Path(path)))
