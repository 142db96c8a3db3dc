"""Stop rules of a sweep, which end runs before their horizon: pure functions of recorded scores.

Rules consider all runs of the sweep, including those that have ended, and only recorded scores, so the verdict depends
on the files alone.
"""

import math
import statistics
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from trainer.config.spec import Interval, NonNegative, PositiveInt, Settings
from trainer.config.stored import TOLERANCE_KIMG

AboveOne = Annotated[float, Field(ge=1.01, le=1e6, allow_inf_nan=False)]
ITERATION = 0.1
"""How far after a rung, as a share of it, its evaluation may be: iterations may end after the rung."""

Curve = Mapping[float, float]
"""Score by kimg, in the order of training. Lower is better: other scores are negated when they are read."""

CurvesByTrial = Mapping[str, Curve]


class Mark(NamedTuple):
    """A score, and the kimg at which it was measured."""

    kimg: float
    score: float


class StopRule(Settings):
    """A rule that ends runs early."""

    @abstractmethod
    def verdict(self, trial: str, curves: CurvesByTrial) -> str:
        """Return why `trial`, which has at least one score, should be stopped; "" if it should not."""

    @property
    @abstractmethod
    def starts_kimg(self) -> float:
        """Return the point of training before which no run is stopped, in kimg."""

    def first_judged(self, evaluate_every_kimg: float) -> float:
        """Return the point of training of the first evaluation after which a run can be stopped, in kimg."""
        return evaluate_every_kimg * max(1, math.ceil(self.starts_kimg / evaluate_every_kimg - 1e-9))


class Median(StopRule):
    """Stop a run whose best score so far is worse than the median of the others' best at the same kimg.

    It is Google Vizier's median stopping rule (Golovin et al. 2017, Sec. 3.2.1), with bests instead of means. It does
    not apply before `from_kimg`, or with fewer than `others` other runs.
    """

    type: Literal["median"] = "median"
    from_kimg: NonNegative = 4.0
    others: PositiveInt = 3

    @property
    def starts_kimg(self) -> float:
        return self.from_kimg

    def verdict(self, trial: str, curves: CurvesByTrial) -> str:
        here = _last(curves[trial])
        bests = [_best(curve, here.kimg) for name, curve in curves.items() if name != trial and _has(curve, here.kimg)]
        if here.kimg < self.from_kimg or len(bests) < self.others:
            return ""
        own, middle = _best(curves[trial], here.kimg), statistics.median(bests)
        return (
            f"{abs(own):.4g} is worse than the median {abs(middle):.4g} of {len(bests)} others" if own > middle else ""
        )


class Asha(StopRule):
    """Asynchronous successive halving (Li et al. 2020, "A system for massively parallel hyperparameter tuning").

    Rungs are at `first_kimg` times the powers of `factor`. Of the runs with a score at a rung, the best 1 / `factor`
    continue, once there are `factor` of them. A run is judged at the last rung at which it has a score.
    """

    type: Literal["asha"] = "asha"
    first_kimg: Interval = 4.0
    factor: AboveOne = 3.0

    def verdict(self, trial: str, curves: CurvesByTrial) -> str:
        rung = self._last_rung(curves[trial])
        scores = {name: score for name, curve in curves.items() if (score := _at(curve, rung)) is not None}
        if trial not in scores:
            return ""
        place = 1 + sum(score < scores[trial] for score in scores.values())
        kept = math.ceil(len(scores) / self.factor)
        if len(scores) < self.factor or place <= kept:
            return ""
        return (
            f"{abs(scores[trial]):.4g} is number {place} of {len(scores)} at the rung of {rung:g} kimg, {kept} continue"
        )

    @property
    def starts_kimg(self) -> float:
        return self.first_kimg

    def rungs(self, horizon_kimg: float) -> list[float]:
        """Return the rungs before a horizon, in kimg."""
        count = math.ceil(math.log(horizon_kimg / self.first_kimg, self.factor) - 1e-9)
        return [self.first_kimg * self.factor**power for power in range(count)]

    def unmet(self, horizon_kimg: float, evaluate_every_kimg: float) -> list[float]:
        """Return the rungs before a horizon without an evaluation, at which no run can be judged."""

        def is_met(rung: float) -> bool:
            evaluated = evaluate_every_kimg * math.ceil(rung / evaluate_every_kimg - 1e-9)
            return evaluated <= rung * (1 + ITERATION)

        return [rung for rung in self.rungs(horizon_kimg) if not is_met(rung)]

    def _last_rung(self, curve: Curve) -> float:
        """Return the last rung at which a run has a score; 0 if there is none."""
        reached = _last(curve).kimg
        count = math.floor(math.log(reached / self.first_kimg, self.factor) + 1e-9) if reached > 0 else -1
        rungs = (self.first_kimg * self.factor**power for power in range(count, -1, -1))
        return next((rung for rung in rungs if _at(curve, rung) is not None), 0.0)


class DivergedRule(StopRule):
    """Stop a run whose score is not finite, or `factor` times worse than its own best; not before `from_kimg`."""

    type: Literal["diverged"] = "diverged"
    factor: AboveOne = 2.0
    from_kimg: NonNegative = 0.0

    @property
    def starts_kimg(self) -> float:
        return self.from_kimg

    def verdict(self, trial: str, curves: CurvesByTrial) -> str:
        here = _last(curves[trial])
        if here.kimg < self.from_kimg:
            return ""
        if not math.isfinite(here.score):
            return "the score is no longer a number"
        best = _best(curves[trial], here.kimg)
        limit = best * self.factor if best >= 0 else best / self.factor
        return f"{abs(here.score):.4g} is far from its best, {abs(best):.4g}" if here.score > limit else ""


AnyRule = Annotated[Median | Asha | DivergedRule, Field(discriminator="type")]
_NAME: Any = Literal["median", "asha", "diverged"]


def _spelled_out(value: Any) -> Any:
    parts = value if isinstance(value, list) else [value]
    return [{"type": part} if isinstance(part, str) else part for part in parts]


StopRules = Annotated[
    list[AnyRule], BeforeValidator(_spelled_out, json_schema_input_type=_NAME | AnyRule | list[_NAME | AnyRule])
]
"""A run is stopped by any of them; a rule with default settings may be given by its name."""


def verdict(rules: list[AnyRule], trial: str, curves: CurvesByTrial) -> str:
    """Return why a run should be stopped now, or ""."""
    if not curves.get(trial):
        return ""
    reasons = (rule.verdict(trial, curves) for rule in rules)
    found = next((reason for reason in reasons if reason), "")
    return f"stopped at {_last(curves[trial]).kimg:g} kimg: {found}" if found else ""


def _last(curve: Curve) -> Mark:
    return Mark(*max(curve.items()))


def _best(curve: Curve, kimg: float) -> float:
    """Return the best score up to `kimg`; non-finite scores count as the worst."""
    return min((_number(score) for at, score in curve.items() if at <= kimg), default=math.inf)


def _at(curve: Curve, kimg: float) -> float | None:
    """Return the score of the first evaluation at `kimg` or shortly after; None if there is none."""
    there = [at for at in curve if kimg - TOLERANCE_KIMG <= at <= kimg * (1 + ITERATION)]
    return _number(curve[min(there)]) if there else None


def _has(curve: Curve, kimg: float) -> bool:
    return any(at >= kimg for at in curve)


def _number(score: float) -> float:
    return score if math.isfinite(score) else math.inf
