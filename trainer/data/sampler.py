"""The infinite order in which a run sees its images: a permutation, continually shuffled in a moving window."""

from collections.abc import Iterator

import numpy as np

DRAWS_AT_ONCE = 1 << 12


class InfiniteSampler:
    """Yields indices in 0..size-1 without end; each index occurs about once per `size` draws.

    Position t of the stream yields element t mod `size` of a permutation, which is then swapped with an element up to
    `window` * `size` positions before it (cyclically), so that the order changes in every round.
    Replica `rank` of `replicas` gets every `replicas`-th position. The stream is a function of the arguments alone, and
    can start at any position `start`, counted over all replicas.
    """

    def __init__(
        self,
        size: int,
        seed: int = 0,
        shuffle: bool = True,
        window: float = 0.5,
        rank: int = 0,
        replicas: int = 1,
        start: int = 0,
    ) -> None:
        assert size > 0, "a sampler needs images"
        assert 0 <= rank < replicas, "rank is one of the replicas"
        self._random = np.random.RandomState(seed)
        self._order: list[int] = _permutation(size, self._random if shuffle else None).tolist()
        self._reach = int(np.rint(size * window)) if shuffle else 0
        self._rank, self._replicas = rank, replicas
        self._position = 0
        self._skip(start)

    def __iter__(self) -> Iterator[int]:
        while True:
            yield from self.take(1)

    def take(self, count: int) -> list[int]:
        """Return the next `count` indices of this replica."""
        if count == 0:
            return []
        offset = (self._rank - self._position) % self._replicas
        drawn = self._advance(offset + (count - 1) * self._replicas + 1)
        return drawn[offset :: self._replicas]

    def _skip(self, count: int) -> None:
        for done in range(0, count, DRAWS_AT_ONCE):
            self._advance(min(DRAWS_AT_ONCE, count - done))

    def _advance(self, count: int) -> list[int]:
        """Advance by `count` positions and return their indices. The result does not depend on how calls are split."""
        order, size = self._order, len(self._order)
        positions = np.arange(self._position, self._position + count)
        self._position += count
        heres = (positions % size).tolist()
        if self._reach < 2:
            return [order[here] for here in heres]
        theres = ((positions - self._random.randint(self._reach, size=count)) % size).tolist()
        drawn = []
        for here, there in zip(heres, theres, strict=True):
            index = order[here]
            drawn.append(index)
            order[here], order[there] = order[there], index
        return drawn


def _permutation(size: int, random: np.random.RandomState | None) -> np.ndarray:
    order = np.arange(size)
    if random is not None:
        random.shuffle(order)
    return order
