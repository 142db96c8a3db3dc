"""The score of a sweep: its metric and identity. Values of different identities are never compared."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from analysis.errors import ScoreError
from trainer.config.metrics.names import better, family_of
from trainer.errors import counted

JOIN = "+"
"""Separator between the identities of several data sets."""


class Score(NamedTuple):
    """A metric with everything its value depends on. `identity` is "" before the first evaluation."""

    metric: str
    identity: str
    num_generated: int | None = None
    num_real: int | None = None
    reference: str = ""

    @property
    def higher_is_better(self) -> bool:
        return better(self.metric) == "higher"

    @property
    def worst(self) -> float:
        """The value of a diverged run: worse than anything measured."""
        return float("-inf") if self.higher_is_better else float("inf")

    @property
    def family(self) -> str:
        """The metric's family as the papers write it: FID, KID, IS."""
        return family_of(self.metric).acronym

    @property
    def label(self) -> str:
        """The family with the metric's full name, so that FIDs of different detectors are not confused."""
        return f"{self.family} ({self.metric})"

    @property
    def description(self) -> str:
        """The identity, spelled out for a caption."""
        if not self.identity:
            return f"{self.metric}, not evaluated yet"
        detector = self.metric.partition("-")[2] or "none"
        real = "those of each set" if JOIN in self.identity else f"{self.num_real or 0:,} real images"
        counts = f"{self.num_generated or 0:,} generated vs {real}"
        return f"{self.metric}: detector {detector}, {counts}, identity {self.identity}"


def best_first(runs: pd.DataFrame, score: Score) -> pd.DataFrame:
    """Return rows of Runs.frame, sorted: not diverged before diverged, then the best score, then the lowest seed."""
    signed = runs.assign(rank=-runs["best"] if score.higher_is_better else runs["best"])
    return signed.sort_values(["diverged", "rank", "seed"], kind="stable")


def identities(metrics: pa.Table) -> pd.DataFrame:
    """Return one row per (metric, identity) with what the identity depends on and the number of its `trials`."""
    keys = ["metric", "identity", "basis", "num_generated", "num_real", "reference"]
    counted: pd.DataFrame = metrics.group_by(keys).aggregate([("trial", "count_distinct")]).to_pandas()
    texts = {"metric": str, "identity": str, "basis": str}
    counted = counted.rename(columns={"trial_count_distinct": "trials"}).astype(texts)
    counted["unknown"] = counted["basis"] == counted["identity"]  # rows of earlier versions have no basis
    return counted.sort_values(["metric", "identity", "unknown"]).drop_duplicates(["metric", "identity"])


def choose_score(
    found: pd.DataFrame, wanted: str | None, identity: str | None = None, *, several_sets: bool = False
) -> Score:
    """Return the one metric and identity of `found` that `wanted` names ("fid2k" also means "fid2k-lite0").

    Values that differ only in their evaluation seed are all used, under the identity they have in common.
    With `several_sets`, each data set (`reference`) has its own identity; they are joined by "+".

    Raises ScoreError if two metrics or two identities match.
    """
    names = sorted(name for name in found["metric"].unique() if _matches(name, wanted))
    if not names:
        return Score(wanted or "fid", "")
    if len(names) > 1:
        raise ScoreError(
            f"score {wanted or '(none given)'}: several metrics match: {', '.join(names)}; choose one with --score"
        )
    rows = found[found["metric"] == names[0]]
    named = set(identity.split(JOIN)) if identity else set()
    fitting = rows[rows["identity"].isin(named) | rows["basis"].isin(named)] if named else rows
    sets = fitting["reference"] if several_sets else fitting["metric"]
    if fitting.empty or (fitting.groupby(sets)["basis"].nunique() > 1).any():
        raise ScoreError(_identity_problem(identity, rows))
    bases = fitting.groupby("basis", sort=True)
    name = JOIN.join(basis if len(part) > 1 else part["identity"].iloc[0] for basis, part in bases)
    one = fitting.iloc[0]
    reference = JOIN.join(sorted(set(fitting["reference"])))
    return Score(one["metric"], name, _int(one["num_generated"]), _int(one["num_real"]), reference=reference)


def _matches(name: str, wanted: str | None) -> bool:
    if wanted is None:
        return name.startswith("fid")
    return name == wanted or name.startswith(f"{wanted}-")


def _identity_problem(identity: str | None, rows: pd.DataFrame) -> str:
    metric = rows["metric"].iloc[0]
    listed = "; ".join(_described_identity(row) for row in rows.drop_duplicates("basis").to_dict("records"))
    if identity is not None:
        return f"{metric}: no values with identity {identity}; there are {listed}"
    return f"{metric}: values of different identities cannot be compared: {listed}; choose one with --identity"


def _described_identity(row: Mapping[Any, Any]) -> str:
    """Return an identity with its details, so that the user sees how two differ."""
    about = f"{_int(row['num_generated'])} generated, {_int(row['num_real'])} real of {row['reference'] or 'no set'}"
    return f"{row['identity'] or '(none)'} in {counted(row['trials'], 'trial')} ({about})"


def _int(value: float) -> int | None:
    return None if pd.isna(value) else int(value)
