"""The energy that a run costs its sweep: training up to its horizon, and the evaluations whose values the sweep uses.

Another sweep may have trained the same trial further, or evaluated it otherwise; that is not what one more seed costs.
"""

import pandas as pd
import pyarrow as pa

COST_COLUMNS = ("trial", "number", "sweep", "work", "from_kimg", "to_kimg", "joules")


def own_joules(planned: pd.DataFrame, attempts: pa.Table, sweep: str, measured: pd.DataFrame) -> pd.Series:
    """Return the joules of each run, by its index in the plan; missing where no attempt was metered.

    `planned` has run, trial and horizon_kimg, `attempts` COST_COLUMNS, `measured` the trial and attempt of every value
    that the sweep uses.
    """
    joined = planned[["run", "trial", "horizon_kimg"]].merge(attempts.to_pandas(), on="trial")
    used = pd.MultiIndex.from_frame(measured[["trial", "attempt"]])
    asked = joined["sweep"].isin(["", sweep]) | pd.MultiIndex.from_frame(joined[["trial", "number"]]).isin(used)
    share = _trained_share(joined).where(joined["work"] == "train", 1.0).where(asked | _trained(joined), 0.0)
    return (joined["joules"] * share).groupby(joined["run"]).sum(min_count=1)


def _trained(attempts: pd.DataFrame) -> "pd.Series[bool]":
    return (attempts["work"] == "train") & (attempts["to_kimg"] > attempts["from_kimg"])


def _trained_share(attempts: pd.DataFrame) -> "pd.Series[float]":
    """Return which share of the training of each attempt lies within the horizon; 1 where it trained nothing."""
    done = attempts["to_kimg"] - attempts["from_kimg"]
    within = (attempts["horizon_kimg"] - attempts["from_kimg"]).clip(lower=0.0)
    return (within / done.where(done > 0)).clip(upper=1.0).fillna(1.0)
