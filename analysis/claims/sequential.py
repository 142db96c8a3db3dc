"""Decides claims whose seeds are added one look at a time: PASS, FAIL, or how many seeds to go on with.

A pure function of the values of both sides in the order of the seeds, up to the first seed without one: it does not
depend on when one looks, on which run ended first, or on seeds beyond. The p-values of all claims, each over its looks
(`looks.over_looks`), are corrected together (Holm 1979), which keeps the error rate wherever seeds stop being added.

PASS: the corrected p-value is below alpha; further seeds only lower it. FAIL: it would not be even if all seeds to come
spoke for this claim, and for all others. A claim gets no further seeds (futility) once the side that should be lower is
clearly the higher one, p_n >= 0.7: stopping early can only prevent a PASS, so the error rate stays. A control is judged
once, with the fewest seeds that could show a difference.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from analysis.claims.looks import Looks, against, over_looks, p_of, p_values_at
from analysis.claims.stats import holm, two_sided_p
from trainer.config.claims.grammar import Claim
from trainer.config.claims.power import seeds_for, smallest_p

FUTILE_P = 0.7
"""From this p-value of a look on, a claim gets no further seeds; the power lost to it is 1 % at most."""


class Verdict(StrEnum):
    """PASS: shown. FAIL: enough seeds, not shown. UNDERPOWERED: no outcome of so few seeds could show it.

    UNDECIDED: of sequential seeds, more are to come. For a control, PASS means that no difference was found, FAIL that
    one was.
    """

    PASS = "PASS"
    FAIL = "FAIL"
    UNDERPOWERED = "UNDERPOWERED"
    UNDECIDED = "UNDECIDED"


class LookStage(NamedTuple):
    """How far a claim is: the looks so far, of `looks` at most, and the seeds of each side that they used.

    `next_seeds`: with how many seeds of each side to go on; None if with no more.
    """

    look: int
    looks: int
    seeds: int
    next_seeds: int | None

    def __str__(self) -> str:
        return f"look {self.look} of {self.looks}"


class LookDecision(NamedTuple):
    """What the seeds so far say of a claim.

    `p_value` is the smallest of its looks, `p_corrected` is for all looks and claims.
    """

    verdict: Verdict
    p_value: float
    p_corrected: float
    stage: LookStage


class ClaimProgress(NamedTuple):
    """A claim that is not a control, after some looks: the smallest p, the pairs against it, whether it is futile."""

    claim: Claim
    looks: Looks
    seeds: int
    taken: int
    smallest: float
    pairs_against: int
    is_futile: bool

    @classmethod
    def of(cls, claim: Claim, less: Sequence[float], more: Sequence[float], looks: Looks) -> "ClaimProgress":
        """Return how far a claim is with these values, in the order of the seeds."""
        looks = looks._replace(least=max(looks.least, claim.seeds))
        p_values = p_values_at(less, more, looks)
        futile = next((look for look, p in enumerate(p_values, 1) if p >= FUTILE_P), None)
        p_values = p_values[:futile]
        seeds = looks.least + len(p_values) - 1 if p_values else min(len(less), len(more), looks.most)
        pairs = against(less[:seeds], more[:seeds])
        return cls(claim, looks, seeds, len(p_values), min(p_values, default=1.0), pairs, futile is not None)

    @property
    def p_value(self) -> float:
        """The p-value of the looks so far."""
        return over_looks(self.smallest, self.looks)

    def at_best(self, seeds: int) -> float:
        """Return the p-value with `seeds` on each side if all further ones spoke for the claim."""
        if self.is_futile or seeds <= self.seeds or seeds < self.looks.least:
            return self.p_value
        return over_looks(min(self.smallest, p_of(self.pairs_against, seeds)), self.looks)

    @property
    def best(self) -> float:
        """The lowest p-value that the claim can reach yet."""
        return self.at_best(self.looks.most)


def decide(
    claims: Sequence[Claim], sides: Sequence[tuple[list[float], list[float]]], looks: Looks
) -> list[LookDecision]:
    """Return the decision on each claim; `sides` are the values of `less` and `more`, in the order of the seeds."""
    begun = {
        place: ClaimProgress.of(claim, *values, looks)
        for place, (claim, values) in enumerate(zip(claims, sides, strict=True))
        if not claim.is_control
    }
    corrected = holm([one.p_value for one in begun.values()])
    best = [one.best for one in begun.values()]
    tested = {place: _decision(one, corrected[order], best, order) for order, (place, one) in enumerate(begun.items())}
    return [
        tested[place] if place in tested else _of_control(claim, *sides[place], looks)
        for place, claim in enumerate(claims)
    ]


def _decision(one: ClaimProgress, corrected: float, best: list[float], order: int) -> LookDecision:
    """Return the decision on a claim, given the lowest p-value that each claim can reach; its own is at `order`."""
    alpha = one.claim.alpha
    is_decidable = one.looks.number > 0 and len(best) * smallest_p(one.looks.most, one.looks.most) < alpha
    if corrected < alpha:
        verdict = Verdict.PASS
    elif holm(best)[order] < alpha:
        verdict = Verdict.UNDECIDED
    else:
        verdict = Verdict.FAIL if is_decidable else Verdict.UNDERPOWERED
    further = verdict is Verdict.UNDECIDED and not one.is_futile
    next_seeds = _next_seeds(one, best, order) if further else None
    return LookDecision(verdict, one.smallest, corrected, LookStage(one.taken, one.looks.number, one.seeds, next_seeds))


def _next_seeds(one: ClaimProgress, best: list[float], order: int) -> int | None:
    """Return the fewest seeds with which the claim could pass."""
    for seeds in range(max(one.seeds + 1, one.looks.least), one.looks.most + 1):
        if holm([*best[:order], one.at_best(seeds), *best[order + 1 :]])[order] < one.claim.alpha:
            return seeds
    return None


def _of_control(claim: Claim, less: Sequence[float], more: Sequence[float], looks: Looks) -> LookDecision:
    """Return the decision on a control, two-sided and not corrected: there is one look."""
    seeds = max(looks.least, claim.seeds, seeds_for(claim.alpha, 2))
    there = min(len(less), len(more), seeds, looks.most)
    if there < seeds:
        is_possible = seeds <= looks.most
        verdict = Verdict.UNDECIDED if is_possible else Verdict.UNDERPOWERED
        return LookDecision(verdict, 1.0, 1.0, LookStage(0, 1, there, seeds if is_possible else None))
    p_value = two_sided_p(less[:seeds], more[:seeds])
    verdict = Verdict.FAIL if p_value < claim.alpha else Verdict.PASS
    return LookDecision(verdict, p_value, p_value, LookStage(1, 1, seeds, None))
