"""Price ranges are calibrated: nine in ten actual times are within, for any number of earlier plans."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.plan.calibration import (
    COVERAGE,
    PRIOR_FREEDOM,
    Error,
    _prior_variance,
    error_of,
    expected,
    student_quantile,
)

SPREAD = 3.0
ERRORS = st.lists(st.builds(Error, st.integers(0, 3).map(float), st.floats(1e-3, 1e3)), max_size=20)


def covered(draws: random.Random, plans: int, shared: float, own: float, bias: float, *, each: int = 4) -> bool:
    """Return whether the range contains an estimate of a new plan, after earlier plans of `each` estimates."""

    def plan(number: int, size: int) -> list[Error]:
        offset = bias + draws.gauss(0, shared)
        return [Error(number, math.exp(offset + draws.gauss(0, own))) for _ in range(size)]

    seen = expected([error for number in range(plans) for error in plan(number, each)], SPREAD)
    return seen.low <= plan(-1, 1)[0].ratio <= seen.high


@pytest.mark.parametrize("plans", [0, 1, 2, 5, 20])
def test_nine_in_ten_times_lie_in_the_range_however_many_plans_came_before(plans: int) -> None:
    draws, scale = random.Random(plans), math.sqrt(_prior_variance(SPREAD))
    found = 0
    for _ in range(2000):
        deviation = scale * math.sqrt(PRIOR_FREEDOM / draws.gammavariate(PRIOR_FREEDOM / 2, 2))
        found += covered(draws, plans, deviation, 0.0, draws.gauss(0, deviation), each=1)
    assert found / 2000 == pytest.approx(COVERAGE, abs=0.025)


@pytest.mark.parametrize(("shared", "own"), [(0.3, 0.05), (0.05, 0.3), (0.3, 0.3), (0.1, 0.1)])
@pytest.mark.parametrize("bias", [-1.0, 0.0, 0.7])
def test_the_range_holds_where_the_estimates_of_a_plan_err_alike(shared: float, own: float, bias: float) -> None:
    draws = random.Random(7)
    share = sum(covered(draws, 8, shared, own, bias) for _ in range(1000)) / 1000
    assert share >= COVERAGE - 0.05


def test_a_steady_bias_is_learned_and_the_range_narrows() -> None:
    draws = random.Random(3)
    errors = [Error(plan, 4.0 * math.exp(draws.gauss(0, 0.05))) for plan in range(30)]
    found = [expected(errors[:count], SPREAD) for count in (0, 3, 10, 30)]
    assert found[0] == pytest.approx((1.0, 1 / SPREAD, SPREAD), rel=0.01)
    assert found[-1].middle == pytest.approx(4.0, rel=0.1)
    assert 2 < found[1].middle < found[2].middle < found[3].middle
    assert found[-1].high / found[-1].low < 4 < found[1].high / found[1].low


def test_many_estimates_of_one_plan_say_little_more_than_one_of_it() -> None:
    one = expected([Error(1.0, 2.0)], SPREAD)
    assert expected([Error(1.0, 2.0)] * 50, SPREAD) == pytest.approx(one)


@settings(max_examples=50)
@given(ERRORS, st.floats(1.01, 20.0))
def test_the_middle_is_always_inside_a_finite_range(errors: list[Error], spread: float) -> None:
    found = expected(errors, spread)
    assert 0 < found.low < found.middle < found.high < math.inf
    assert found.low * found.high == pytest.approx(found.middle**2)


@pytest.mark.parametrize(
    ("freedom", "tabulated"), [(3, 2.3534), (4, 2.1318), (8, 1.8595), (30, 1.6973), (1000, 1.6464)]
)
def test_quantiles_are_those_of_students_t(freedom: float, tabulated: float) -> None:
    assert student_quantile(0.95, freedom) == pytest.approx(tabulated, rel=0.003)


@pytest.mark.parametrize(
    ("actual", "estimated"),
    [(0.0, 30.0), (5e-324, 30.0), (1e11, 1e-300), (30.0, 1.7e308), (30.0, 0.0), (math.inf, 1.0), (math.nan, 1.0)],
)
def test_times_that_no_estimate_explains_are_no_errors(actual: float, estimated: float) -> None:
    assert error_of(1.0, actual, estimated) is None


def test_the_largest_errors_give_a_range_in_numbers() -> None:
    worst = [error_of(number, 10.0 ** (6 * (-1) ** number), 1.0) for number in range(1, 9)]
    assert all(map(math.isfinite, expected([error for error in worst if error], 2.0)))
