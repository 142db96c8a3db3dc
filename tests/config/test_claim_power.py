"""What seeds can show at most."""

import pytest

from trainer.config.claims.grammar import parse_claim
from trainer.config.claims.power import StatisticalPower


def test_three_seeds_cannot_pass_at_a_tenth_with_two_claims() -> None:
    power = StatisticalPower.of(parse_claim("a < b, p<0.1"), 3, tests=2)
    assert power.smallest == pytest.approx(2 / 20)
    assert power.seeds_needed == 4


def test_a_claim_needs_the_seeds_that_it_asks_for() -> None:
    assert StatisticalPower.of(parse_claim("a < b, n>=9"), 5, tests=1).seeds_needed == 9


def test_a_control_is_two_sided_and_not_corrected() -> None:
    power = StatisticalPower.of(parse_claim("control: a < b"), 4, tests=7)
    assert power.smallest == pytest.approx(2 / 70)
    assert power.seeds_needed == 4
