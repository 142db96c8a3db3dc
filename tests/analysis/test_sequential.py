"""Verdicts on claims whose seeds are added one look at a time."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.claims.looks import ORDERS, Looks, against, over_looks, p_of, p_values_at
from analysis.claims.sequential import ClaimProgress, LookDecision, Verdict, decide
from analysis.claims.stats import rank_sum_p
from trainer.config.claims.grammar import parse_claim

CLAIM = parse_claim("ada < baseline")
LOOKS = Looks(3, 10)
ALPHA = 0.05
LOW, HIGH = [float(n) for n in range(10)], [float(n) for n in range(100, 110)]
Side = list[float]
SIMULATED = 400


def verdict(less: Side, more: Side, text: str = "ada < baseline", looks: Looks = LOOKS) -> LookDecision:
    return decide([parse_claim(text)], [(less, more)], looks)[0]


def smallest_by_enumeration(looks: Looks) -> list[float]:
    """Return the smallest p of all looks for every order of the values of both sides."""
    found = []
    for order in itertools.permutations(range(2 * looks.most)):
        less, more = order[: looks.most], order[looks.most :]
        found.append(min(p_values_at(less, more, looks)))
    return found


def test_a_look_has_the_p_value_of_the_rank_sum_test() -> None:
    less, more = [1.0, 2.0, 5.0, 9.0], [3.0, 4.0, 8.0, 10.0]
    assert p_of(against(less, more), 4) == pytest.approx(rank_sum_p(less, more))


def test_ties_speak_against_a_claim() -> None:
    assert p_of(against([1.0, 2.0, 3.0], [3.0, 4.0, 5.0]), 3) == pytest.approx(rank_sum_p([1, 2, 3.5], [3, 4, 5]))
    assert p_of(against([1.0] * 3, [1.0] * 3), 3) == 1.0


def test_the_chance_of_the_smallest_p_is_that_of_all_orders() -> None:
    looks = Looks(2, 4)
    every = np.sort(smallest_by_enumeration(looks))
    for smallest in np.unique(every):
        exact = float((every <= smallest).mean())
        error = 4 * (exact * (1 - exact) / ORDERS) ** 0.5 + 1 / ORDERS
        assert over_looks(float(smallest), looks) == pytest.approx(exact, abs=error)


def test_one_look_costs_nothing() -> None:
    assert over_looks(p_of(1, 4), Looks(4, 4)) == p_of(1, 4)


def test_what_only_the_last_look_can_show_is_exact() -> None:
    assert over_looks(p_of(0, 10), LOOKS) == pytest.approx(1 / math.comb(20, 10))


def test_a_clear_difference_passes_as_soon_as_any_outcome_can() -> None:
    first = verdict(LOW[:3], HIGH[:3])
    assert (first.verdict, first.stage.next_seeds) == (Verdict.UNDECIDED, 4)
    second = verdict(LOW[:4], HIGH[:4])
    assert (second.verdict, str(second.stage), second.stage.next_seeds) == (Verdict.PASS, "look 2 of 8", None)
    assert second.p_value == pytest.approx(1 / 70)
    assert 1 / 70 < second.p_corrected < ALPHA


def test_more_claims_need_more_seeds_of_each() -> None:
    found = decide([CLAIM] * 3, [(LOW[:3], HIGH[:3])] * 3, LOOKS)
    assert [one.stage.next_seeds for one in found] == [4] * 3, "as if the others had passed, of which one may"
    found = decide([CLAIM] * 3, [(LOW[:4], HIGH[:4])] * 3, LOOKS)
    assert [(one.verdict, one.stage.next_seeds) for one in found] == [(Verdict.UNDECIDED, 5)] * 3
    found = decide([CLAIM] * 3, [(LOW[:5], HIGH[:5])] * 3, LOOKS)
    assert [one.verdict for one in found] == [Verdict.PASS] * 3


def test_a_claim_whose_sides_are_the_other_way_round_gets_no_further_seeds() -> None:
    found = verdict(HIGH[:3], LOW[:3])
    assert (found.verdict, found.stage.look, found.stage.next_seeds) == (Verdict.FAIL, 1, None)


def test_further_seeds_change_nothing_once_a_claim_is_futile() -> None:
    assert verdict(HIGH[:3] + LOW[:7], LOW[:3] + HIGH[:7]) == verdict(HIGH[:3], LOW[:3])


def test_a_claim_fails_before_its_last_look_if_no_outcome_could_pass_any_more() -> None:
    less, more = [1.0, 9.0, 2.0, 8.0, 3.0, 7.0], [5.0, 6.0, 4.0, 7.5, 2.5, 6.5]
    found = verdict(less, more, looks=Looks(3, 7))
    assert found.verdict is Verdict.FAIL
    assert found.stage.look < 5


def test_a_claim_may_ask_for_more_seeds_than_the_first_look_has() -> None:
    found = verdict(LOW[:3], HIGH[:3], "ada < baseline, n>=6")
    assert (found.stage.look, found.stage.looks, found.stage.next_seeds) == (0, 5, 6)
    assert verdict(LOW, HIGH, "ada < baseline, n>=20").verdict is Verdict.UNDERPOWERED


def test_a_control_is_judged_once_with_the_seeds_that_could_show_a_difference() -> None:
    assert verdict(LOW[:3], HIGH[:3], "control: ada < baseline").stage.next_seeds == 4
    assert verdict(LOW[:4], HIGH[:4], "control: ada < baseline").verdict is Verdict.FAIL
    mixed = verdict([1.0, 4.0, 5.0, 8.0], [2.0, 3.0, 6.0, 7.0], "control: ada < baseline")
    later = verdict([1.0, 4.0, 5.0, 8.0, 0.0], [2.0, 3.0, 6.0, 7.0, 9.0], "control: ada < baseline")
    assert mixed == later
    assert mixed.verdict is Verdict.PASS
    assert verdict(LOW, HIGH, "control: ada < baseline", Looks(2, 3)).verdict is Verdict.UNDERPOWERED


def test_a_pass_stays_and_its_corrected_p_only_falls() -> None:
    random = np.random.default_rng(1)
    less, more = list(random.normal(0, 1, 10)), list(random.normal(1.5, 1, 10))
    corrected = [verdict(less[:n], more[:n]).p_corrected for n in range(3, 11)]
    assert corrected == sorted(corrected, reverse=True)


def followed(draws: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> tuple[list[LookDecision], int]:
    """Return the verdicts on several claims with cells of their own, as `run` reaches them, and the runs it took."""
    claims, seeds = [CLAIM] * len(draws), [LOOKS.least] * len(draws)
    while True:
        sides = [(list(less[:n]), list(more[:n])) for (less, more), n in zip(draws, seeds, strict=True)]
        found = decide(claims, sides, LOOKS)
        further = [one.stage.next_seeds or n for one, n in zip(found, seeds, strict=True)]
        if further == seeds:
            return found, 2 * sum(seeds)
        seeds = further


def simulated(shifts: Sequence[float], seed: int) -> tuple[NDArray[np.bool_], float]:
    """Return which claims passed in each of SIMULATED sweeps, and the mean number of runs of a sweep.

    The values are normal; those of the side that should be higher are shifted by so many standard deviations.
    """
    random = np.random.default_rng(seed)
    passed, runs = [], 0
    for _ in range(SIMULATED):
        found, taken = followed([(random.normal(0, 1, 10), random.normal(shift, 1, 10)) for shift in shifts])
        assert all(one.verdict in (Verdict.PASS, Verdict.FAIL) for one in found)
        passed.append([one.verdict is Verdict.PASS for one in found])
        runs += taken
    return np.array(passed), runs / SIMULATED


def within_chance(passes: int, rate: float) -> bool:
    """Return whether so many passes, or fewer, of SIMULATED are within three standard errors of `rate`."""
    return passes / SIMULATED <= rate + 3 * math.sqrt(rate * (1 - rate) / SIMULATED)


@pytest.mark.parametrize("claims", [1, 3])
def test_claims_that_do_not_hold_pass_no_oftener_than_alpha_however_early_seeds_stop(claims: int) -> None:
    passed, runs = simulated([0.0] * claims, seed=2)
    assert within_chance(int(passed.any(axis=1).sum()), ALPHA)
    assert runs < 0.75 * claims * 20


def test_a_claim_that_holds_beside_others_that_do_not_adds_no_error() -> None:
    passed, _ = simulated([3.0, 0.0, 0.0], seed=3)
    assert within_chance(int(passed[:, 1:].any(axis=1).sum()), ALPHA)
    assert passed[:, 0].mean() > 0.98


def test_claims_that_hold_pass_nearly_as_often_as_with_all_seeds_and_take_half_the_runs() -> None:
    passed, runs = simulated([2.0], seed=4)
    random = np.random.default_rng(4)
    fixed = [rank_sum_p(list(random.normal(0, 1, 10)), list(random.normal(2, 1, 10))) < ALPHA for _ in range(SIMULATED)]
    assert passed.mean() > np.mean(fixed) - 0.05
    assert runs < 12


def test_the_verdict_is_that_of_the_values_in_the_order_of_their_seeds() -> None:
    less, more = LOW[:5], HIGH[:5]
    assert ClaimProgress.of(CLAIM, less, more[:3], LOOKS).seeds == 3, "seed 3 of one side is not there yet"
    assert verdict(less, more[:3]) == verdict(less[:3], more[:3])
