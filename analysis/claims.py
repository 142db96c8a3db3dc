"""Claims about a sweep, tested by exact rank sums with Holm's correction.

Only finished runs count: judging a sweep while it runs would let luck choose the moment. A diverged run is finished,
and has the worst rank.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import pandas as pd

from analysis.cells import names_of, same_value
from analysis.claim import Claim
from analysis.errors import ClaimError
from analysis.results import Curves, Runs
from analysis.stats import bootstrap_interval, holm, rank_sum_p, seeds_for, smallest_p
from analysis.units import JOULES_PER_KWH


class Verdict(StrEnum):
    """PASS: shown. FAIL: enough seeds, not shown. UNDERPOWERED: no outcome of so few seeds could show it."""

    PASS = "PASS"
    FAIL = "FAIL"
    UNDERPOWERED = "UNDERPOWERED"


class Judged(NamedTuple):
    """A claim with its verdict. `interval`: 95 % bootstrap of median(less) - median(more); `seeds_needed` of each."""

    claim: Claim
    verdict: Verdict
    p_value: float
    p_corrected: float
    less_values: list[float]
    more_values: list[float]
    interval: tuple[float, float]
    seeds_needed: tuple[int, int]
    kwh_needed: float | None

    def plain(self) -> dict[str, object]:
        """Return the verdict as JSON values."""
        return {**self._asdict(), "claim": self.claim._asdict()}


def judge(claims: Sequence[Claim], runs: Runs, curves: Curves) -> list[Judged]:
    """Return the verdict on each claim; Holm's correction is over all claims given together."""
    groups = [(_cell(claim, claim.less, runs), _cell(claim, claim.more, runs)) for claim in claims]
    values = [tuple(_values(cell, curves.score.worst) for cell in pair) for pair in groups]
    p_values = [rank_sum_p(less, more) if less and more else 1.0 for less, more in values]
    corrected = holm(p_values)
    judged = []
    for place, (claim, (less, more)) in enumerate(zip(claims, values, strict=True)):
        passed = min(len(less), len(more)) >= claim.seeds and corrected[place] < claim.alpha
        needed = (0, 0) if passed else _seeds_needed(claim, len(less), len(more), len(claims))
        verdict = Verdict.PASS if passed else Verdict.UNDERPOWERED if any(needed) else Verdict.FAIL
        interval = bootstrap_interval(less, more) if less and more else (math.nan, math.nan)
        kwh = _kwh(groups[place], needed)
        judged.append(Judged(claim, verdict, p_values[place], corrected[place], less, more, interval, needed, kwh))
    return judged


def _seeds_needed(claim: Claim, less: int, more: int, tests: int) -> tuple[int, int]:
    """Return how many seeds each method lacks before the claim could pass: its own demand, and what p asks for."""
    if min(less, more) >= claim.seeds and tests * smallest_p(less, more) < claim.alpha:
        return 0, 0
    target = max(claim.seeds, seeds_for(claim.alpha, tests))
    return max(target - less, 0), max(target - more, 0)


def _cell(claim: Claim, method: str, runs: Runs) -> pd.DataFrame:
    """Return the runs of the one cell that `method` and the conditions name."""
    augment_of = dict(zip(runs.frame["cell"], runs.frame["augment"], strict=True))
    cells = {run.cell: run.settings for run in runs.plan.cells}
    fitting = [
        cell
        for cell, settings in cells.items()
        if method.lower() in names_of(settings, augment_of.get(cell)) | {cell.lower()}
        and all(_holds(claim, settings, key, value) for key, value in claim.conditions.items())
    ]
    if len(fitting) != 1:
        found = f"fits {', '.join(fitting)}; add a condition" if fitting else f"fits none of {', '.join(cells)}"
        raise ClaimError(f'claim "{claim.text}": "{method}" {found}')
    return runs.frame[runs.frame["cell"] == fitting[0]]


def _holds(claim: Claim, settings: dict[str, object], key: str, value: str) -> bool:
    axes = [axis for axis in settings if axis == key or axis.endswith(f".{key}")]
    if not axes:
        raise ClaimError(f'claim "{claim.text}": "{key}" is no axis of the sweep; axes: {", ".join(settings)}')
    return same_value(settings[axes[0]], value)


def _values(cell: pd.DataFrame, worst: float) -> list[float]:
    finished = cell[cell["diverged"] | ((cell["state"] == "done") & cell["best"].notna())]
    return [float(value) for value in finished["best"].mask(finished["diverged"], worst)]


def _kwh(cells: tuple[pd.DataFrame, pd.DataFrame], needed: tuple[int, int]) -> float | None:
    """Return the energy of the runs still needed, each as dear as the finished ones of its cell; None if unknown."""
    dear = [cell["energy_joules"][cell["state"] == "done"].mean() for cell in cells]
    total = sum(number * joules for number, joules in zip(needed, dear, strict=True) if number)
    return None if math.isnan(total) else total / JOULES_PER_KWH


def sentence(judged: Judged) -> str:
    """Return the verdict in one line with what it rests on."""
    sizes = f"n={len(judged.less_values)}+{len(judged.more_values)}"
    low, high = judged.interval
    numbers = f"p={judged.p_value:.2g}, corrected {judged.p_corrected:.2g}, {sizes}"
    if not math.isnan(low):
        numbers += f", difference of medians 95 % in [{low:.4g}, {high:.4g}]"
    line = f"{judged.verdict}  {judged.claim.text}  ({numbers})"
    if judged.verdict is Verdict.UNDERPOWERED:
        energy = "" if judged.kwh_needed is None else f", about {judged.kwh_needed:.3g} kWh"
        line += f"  needs {judged.seeds_needed[0]}+{judged.seeds_needed[1]} more seeds{energy}"
    return line
