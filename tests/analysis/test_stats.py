import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, mannwhitneyu

from analysis.claims.stats import bootstrap_interval, doubled_midranks, holm, rank_sum_p
from trainer.config.claims.power import seeds_for, smallest_p

INF = math.inf


def rank_sum_p_by_enumeration(low: list[float], high: list[float]) -> float:
    doubled = doubled_midranks([*low, *high])
    observed = sum(doubled[: len(low)])
    sums = [sum(picked) for picked in itertools.combinations(doubled, len(low))]
    return sum(total <= observed for total in sums) / len(sums)


values = st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.5, INF]), min_size=1, max_size=5)


@given(values, values)
def test_rank_sum_p_is_the_share_of_all_ways_to_pick_also_with_ties(low: list[float], high: list[float]) -> None:
    assert rank_sum_p(low, high) == pytest.approx(rank_sum_p_by_enumeration(low, high))


def test_rank_sum_p_agrees_with_scipy_where_there_are_no_ties() -> None:
    random = np.random.default_rng(3)
    for low, high in ((5, 5), (3, 8), (10, 7)):
        a, b = random.normal(size=low), random.normal(0.5, size=high)
        expected = mannwhitneyu(a, b, alternative="less", method="exact").pvalue
        assert rank_sum_p(list(a), list(b)) == pytest.approx(expected)


def test_complete_separation_has_the_smallest_p() -> None:
    assert rank_sum_p([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == smallest_p(5, 5) == 1 / 252


def test_all_diverged_on_both_sides_says_nothing() -> None:
    assert rank_sum_p([INF] * 3, [INF] * 3) == 1.0


def test_five_seeds_do_for_one_claim_at_one_percent_and_four_at_five() -> None:
    assert seeds_for(0.01, 1) == 5
    assert seeds_for(0.05, 1) == 4


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_is_never_below_the_correction_for_false_discoveries() -> None:
    p_values = np.random.default_rng(0).uniform(size=20)
    assert (np.array(holm(list(p_values))) >= false_discovery_control(p_values) - 1e-12).all()


@pytest.mark.parametrize("diverging", [0.0, 0.3])
def test_under_the_null_some_claim_passes_no_oftener_than_alpha(diverging: float) -> None:
    """3 claims that share no runs, 5 seeds each side, nothing to find: the share of families with a pass is <= 5 %."""
    random, alpha, families = np.random.default_rng(1), 0.05, 1500
    passes = 0
    for _ in range(families):
        draws = random.lognormal(size=(3, 2, 5))
        draws[random.uniform(size=draws.shape) < diverging] = INF
        passes += min(holm([rank_sum_p(list(low), list(high)) for low, high in draws])) < alpha
    assert passes / families <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / families)


def test_a_true_effect_is_found() -> None:
    random = np.random.default_rng(1)
    found = [rank_sum_p(list(random.normal(size=5)), list(random.normal(4, size=5))) < 0.01 for _ in range(100)]
    assert sum(found) > 90


def test_bootstrap_interval_holds_the_difference_and_is_the_same_every_time() -> None:
    low, high = bootstrap_interval([1.0, 2.0, 3.0], [11.0, 12.0, 13.0])
    assert low < -10 < high < 0
    assert (low, high) == bootstrap_interval([1.0, 2.0, 3.0], [11.0, 12.0, 13.0])


def test_bootstrap_interval_of_diverged_runs_is_open_or_unknown() -> None:
    assert bootstrap_interval([1.0, 2.0, 3.0], [4.0, INF, INF])[0] == -INF
    assert all(map(math.isnan, bootstrap_interval([INF], [INF])))
