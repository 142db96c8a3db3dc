"""Stop rules of a sweep: which runs end before their horizon. Pure functions of recorded scores.

Every rule looks at all runs of the sweep, also at those that have ended, and only at what is recorded; so the same
files give the same verdict, whoever asks and however often.
"""

import math
import statistics
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from trainer.config.spec import NonNegative, Positive, PositiveInt, Settings
from trainer.config.stored import TOLERANCE_KIMG

AboveOne = Annotated[float, Field(gt=1, allow_inf_nan=False)]
ITERATION = 0.1
"""How far behind a rung an evaluation may lie that belongs to it: iterations are whole, and end behind it."""

Curve = Mapping[float, float]
"""Score by kimg, in the order of training. A lower one is better: whoever reads turns the others round."""

CurvesByTrial = Mapping[str, Curve]


class Mark(NamedTuple):
    """A score, and at how many kimg it was measured."""

    kimg: float
    score: float


class StopRule(Settings):
    """One reason to end a run early."""

    @abstractmethod
    def verdict(self, trial: str, curves: CurvesByTrial) -> str:
        """Return why `trial`, which has a score at least, should be stopped; "" where it should not."""

    @abstractmethod
    def begins_before(self, horizon_kimg: float) -> bool:
        """Return whether a run may be judged before its horizon."""


class Median(StopRule):
    """Stop a run whose best score so far is worse than the median of the others' best at the same kimg.

    It is Google Vizier's median stopping rule (Golovin et al. 2017, Sec. 3.2.1), with bests instead of means. Nobody is
    judged before `from_kimg`, or against fewer than `others` runs.
    """

    type: Literal["median"] = "median"
    from_kimg: NonNegative = 4.0
    others: PositiveInt = 3

    def begins_before(self, horizon_kimg: float) -> bool:
        return self.from_kimg < horizon_kimg

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

    Rungs are at `first_kimg`, and each `factor` times as far as the one before; of the runs that have a score at a rung
    the best one in `factor` go on, once `factor` of them are there. A run is judged at the last rung where it has one.
    """

    type: Literal["asha"] = "asha"
    first_kimg: Positive = 4.0
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

    def begins_before(self, horizon_kimg: float) -> bool:
        return self.first_kimg < horizon_kimg

    def rungs(self, horizon_kimg: float) -> list[float]:
        """Return the rungs before a horizon, in kimg."""
        count = math.ceil(math.log(horizon_kimg / self.first_kimg, self.factor) - 1e-9)
        return [self.first_kimg * self.factor**power for power in range(count)]

    def unmet(self, horizon_kimg: float, evaluate_every_kimg: float) -> list[float]:
        """Return the rungs before a horizon at which nothing is evaluated, so that nobody is judged there."""

        def is_met(rung: float) -> bool:
            evaluated = evaluate_every_kimg * math.ceil(rung / evaluate_every_kimg - 1e-9)
            return evaluated <= rung * (1 + ITERATION)

        return [rung for rung in self.rungs(horizon_kimg) if not is_met(rung)]

    def _last_rung(self, curve: Curve) -> float:
        """Return the last rung at which a run has a score; 0 where it has none."""
        reached = _last(curve).kimg
        count = math.floor(math.log(reached / self.first_kimg, self.factor) + 1e-9) if reached > 0 else -1
        rungs = (self.first_kimg * self.factor**power for power in range(count, -1, -1))
        return next((rung for rung in rungs if _at(curve, rung) is not None), 0.0)


class DivergedRule(StopRule):
    """Stop a run whose score is NaN, or more than `factor` times as bad as its own best; not before `from_kimg`."""

    type: Literal["diverged"] = "diverged"
    factor: AboveOne = 2.0
    from_kimg: NonNegative = 0.0

    def begins_before(self, horizon_kimg: float) -> bool:
        return self.from_kimg < horizon_kimg

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
"""Any of them stops a run; a rule whose settings are all as they are here may be named alone."""


def verdict(rules: list[AnyRule], trial: str, curves: CurvesByTrial) -> str:
    """Return why a run should be stopped where it is now, or "" where no rule says so."""
    if not curves.get(trial):
        return ""
    reasons = (rule.verdict(trial, curves) for rule in rules)
    found = next((reason for reason in reasons if reason), "")
    return f"stopped at {_last(curves[trial]).kimg:g} kimg: {found}" if found else ""


def _last(curve: Curve) -> Mark:
    return Mark(*max(curve.items()))


def _best(curve: Curve, kimg: float) -> float:
    """Return the best score up to `kimg`; what is not a number is the worst."""
    return min((_number(score) for at, score in curve.items() if at <= kimg), default=math.inf)


def _at(curve: Curve, kimg: float) -> float | None:
    """Return the score at `kimg` itself, of the iteration that came to it; None where it was evaluated elsewhere."""
    there = [at for at in curve if kimg - TOLERANCE_KIMG <= at <= kimg * (1 + ITERATION)]
    return _number(curve[min(there)]) if there else None


def _has(curve: Curve, kimg: float) -> bool:
    return any(at >= kimg for at in curve)


def _number(score: float) -> float:
    return score if math.isfinite(score) else math.inf
