"""The prices that `adasweep sweeps` lists are those of the sweeps as they are."""

import pytest

from orchestrator.cli import main
from orchestrator.sweep.bundled_prices import BundledPrice, bundled_prices
from tests.sweeps.planned import NAMES, ON_LAPTOPS
from tests.sweeps.prices import priced, tiers_of

SAMPLE = ["demo", *ON_LAPTOPS, "presets/laptop16", "ada/fig7_training_set"]
OTHERS = [pytest.param(name, marks=pytest.mark.slow) for name in NAMES if name not in SAMPLE]
MADE_AGAIN = "make it again: python -m tests.sweeps.prices > sweeps/prices.json"


def test_every_tier_of_every_sweep_has_a_price() -> None:
    assert {name: list(tiers) for name, tiers in bundled_prices().items()} == {
        name: list(tiers_of(name)) for name in NAMES
    }, MADE_AGAIN


@pytest.mark.parametrize("name", [*SAMPLE, *OTHERS])
def test_prices_are_those_of_the_sweep(name: str) -> None:
    assert bundled_prices()[name] == {tier: priced(name, tier) for tier in tiers_of(name)}, MADE_AGAIN


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        (BundledPrice(1, 0.02, 0), "1.2 core-min"),
        (BundledPrice(1, 12, 0), "12 core-h"),
        (BundledPrice(1, 0, 2.4e4), "24,000 GPU-h"),
    ],
)
def test_prices_are_shown_in_suitable_units(price: BundledPrice, shown: str) -> None:
    assert str(price) == shown


def test_the_list_shows_the_price_of_each_tier(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweeps"]) == 0
    listed = capsys.readouterr().out
    assert str(bundled_prices()["ada/fig7_training_set"]["paper"]) in listed
    assert "published speeds" in listed
