"""How long trials take that have to run one after the other. Values only."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from orchestrator.plan.price import Price
from orchestrator.plan.sources import Dependent


class ChainPrice(NamedTuple):
    """Seconds of trials that have to run one after the other."""

    seconds: float = 0.0
    low: float = 0.0
    high: float = 0.0


def longest_chain(dependents: Sequence[Dependent], prices: Mapping[str, Price]) -> ChainPrice:
    """Return the longest time of a trial together with all that it starts from."""
    totals: dict[str, ChainPrice] = {}
    for one in dependents:
        own, before = prices.get(one.trial), totals.get(one.start.trial) or _alone(prices.get(one.start.trial))
        totals[one.trial] = ChainPrice(*map(sum, zip(_alone(own), before, strict=True)))
    return max(totals.values(), default=ChainPrice())


def _alone(price: Price | None) -> ChainPrice:
    return ChainPrice(price.seconds, price.low, price.high) if price else ChainPrice()
