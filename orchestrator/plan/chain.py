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
        source = one.start.trial
        if source not in totals:
            totals[source] = _alone(prices.get(source))
        before, price = totals[source], prices.get(one.trial)
        totals[one.trial] = before if price is None else _after(before, price)
    return max(totals.values(), default=ChainPrice())


def _after(before: ChainPrice, price: Price) -> ChainPrice:
    return ChainPrice(before.seconds + price.seconds, before.low + price.low, before.high + price.high)


def _alone(price: Price | None) -> ChainPrice:
    return ChainPrice(price.seconds, price.low, price.high) if price else ChainPrice()
