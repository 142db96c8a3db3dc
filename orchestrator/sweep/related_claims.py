"""Claims of a sweep that repeat or contradict another one of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from trainer.config.claims.cells import Cells, pair_of
from trainer.config.claims.grammar import CONTROL, Claim

NameOf = Callable[[str], str]


def related_claims(claims: Iterable[Claim], cells: Cells, score: str, name_of: NameOf) -> Iterator[str]:
    """Yield which tested claims test the same difference, or contradict each other.

    `name_of` returns the recorded name of a metric.
    """
    seen: defaultdict[tuple[object, ...], dict[str, Claim]] = defaultdict(dict)
    for claim in claims:
        less, more = pair_of(claim, cells)
        earlier = seen[frozenset((less, more)), name_of(claim.metric or score), claim.reading, claim.kimg]
        what = CONTROL if claim.is_control else less
        if what in earlier:
            yield f'claims "{earlier[what].text}" and "{claim.text}" test the same difference; leave one out'
        else:
            yield from (_contradiction(other, claim) for other in earlier.values())
            earlier[what] = claim


def _contradiction(first: Claim, second: Claim) -> str:
    both = f'claims "{first.text}" and "{second.text}"'
    if first.is_control or second.is_control:
        return f"{both} contradict each other: a control expects no difference"
    return f"{both} say the opposite of each other: one of them cannot hold"
