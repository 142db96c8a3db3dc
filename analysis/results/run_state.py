"""The state of each run of a sweep, as `adasweep status` shows it (trainer.recording.sweep_state).

Two differences remain: tables ask neither leases nor backends, and a run that waits for its source is new.
"""

from collections import defaultdict
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from analysis.tables.standing import standing_of_json
from analysis.tables.store import ResultStore
from trainer.config.metrics.names import parse_metric, value_names
from trainer.config.plan_file import PlanFile
from trainer.config.stored import is_due, is_within
from trainer.record import State
from trainer.recording.sweep_state import (
    DIVERGED,
    NEW,
    SHORT,
    STOPPED,
    WITHHELD,
    Desired,
    state_label,
    wanted_of_plan,
    with_own_state,
    within_horizon,
)


class _RunState(NamedTuple):
    """The state of a run, and why its sweep has stopped it, "" if it has not.

    Unless it `is_own`, it is another one than that of the trial, which another sweep has changed.
    """

    state: str
    stopped_because: str = ""
    is_own: bool = True


def with_state(frame: pd.DataFrame, plan: PlanFile, metrics: pa.Table) -> pd.DataFrame:
    """Add `diverged` and `state`; `message` has the reason of a run that was stopped, and no words of other sweeps."""
    horizon, kimg = frame["horizon_kimg"], frame["kimg"].fillna(0.0)
    diverged = each_within(frame["diverged_kimg"], horizon)
    wanted, standings = wanted_of_plan(plan), zip(frame["trial"], frame["standing_json"], strict=True)
    recorded = RecordedNumbers(metrics)
    found = [_run_state(wanted[trial], trial, standing, recorded) for trial, standing in standings]
    table = pd.DataFrame(found, columns=_RunState._fields, index=frame.index, dtype=object)
    state = table["state"].mask(diverged & table["state"].isin([State.DONE.value, SHORT]), DIVERGED)
    message = frame["message"].where(table["is_own"].astype(bool), "").where(state != STOPPED, table["stopped_because"])
    frame = frame.assign(kimg=kimg.clip(upper=horizon), diverged=diverged, state=state, message=message)
    return frame.drop(columns=["recorded_state", "standing_json"])


def with_withheld(frame: pd.DataFrame, store: ResultStore) -> pd.DataFrame:
    """Return runs of which those without rows are new only if their folders may be read."""
    new = sorted(set(frame.loc[frame["state"] == NEW, "trial"]))
    withheld = [trial for trial in new if store.run(trial).unreadable_folder()]
    return frame.assign(state=frame["state"].mask(frame["trial"].isin(withheld), WITHHELD))


def each_within(kimg: "pd.Series[float]", horizon_kimg: "pd.Series[float]") -> "pd.Series[bool]":
    """Return `is_within` of each pair."""
    return cast("pd.Series[bool]", is_within(cast(float, kimg), cast(float, horizon_kimg)))


def each_due(
    kimg: NDArray[np.float64], horizon_kimg: NDArray[np.float64], every_kimg: float, batch: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return `is_due` of each."""
    due = is_due(cast(float, kimg), cast(float, horizon_kimg), every_kimg, cast(float, batch))
    return cast(NDArray[np.bool_], due)


def _run_state(want: Desired, trial: str, standing: Any, recorded: "RecordedNumbers") -> _RunState:
    if not isinstance(standing, str):  # a run without a row
        return _RunState(NEW)
    seen = stands = standing_of_json(standing)
    if seen.history:
        seen = with_own_state(want, within_horizon(want, seen, lambda _: recorded.lack(want, trial)))
    return _RunState(state_label(want, seen), seen.stops.get(want.sweep, ""), seen.state is stands.state)


class RecordedNumbers:
    """The numbers in a table of metrics, grouped by trial once one is asked for."""

    def __init__(self, metrics: pa.Table) -> None:
        self._metrics = metrics

    @cached_property
    def _by_trial(self) -> dict[str, list[tuple[str, int, float]]]:
        """Return the name, the evaluation seed and the kimg of every number of each trial."""
        found: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
        columns = (self._metrics[name].to_pylist() for name in ("trial", "metric", "seed", "kimg"))
        for trial, name, seed, kimg in zip(*columns, strict=True):
            found[trial].append((name, seed or 0, kimg))
        return found

    def lack(self, want: Desired, trial: str) -> bool:
        """Return whether a metric that a sweep wants of a trial, or one of its evaluation seeds, is missing."""
        numbers = self._by_trial.get(trial, ())
        recorded = {(name, seed) for name, seed, kimg in numbers if is_within(kimg, want.horizon_kimg)}
        names = [
            name for metric in want.metrics for name in value_names(parse_metric(metric), want.detector, want.distance)
        ]
        return not recorded.issuperset((name, seed) for name in names for seed in range(want.evaluation_seeds))
