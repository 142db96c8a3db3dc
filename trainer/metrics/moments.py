"""Mean and covariance of features, accumulated batch by batch in bounded memory, as a Gaussian.

Covariances are biased (divided by n), as in the official metrics.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float64

Features = Float[np.ndarray, "n d"]
Matrix = Float64[np.ndarray, "d r"]


@dataclass(frozen=True)
class Factored:
    """A Gaussian given by a root of its covariance, root @ root.T: for n <= d samples, the centred d x n matrix."""

    mean: Float64[np.ndarray, " d"]
    root: Matrix

    @property
    def rank(self) -> int:
        return int(self.root.shape[1])

    @cached_property
    def trace(self) -> float:
        return float(np.square(self.root).sum())

    def times(self, matrix: Matrix) -> Matrix:
        """Return covariance @ matrix."""
        product: Matrix = self.root @ (self.root.T @ matrix)
        return product


@dataclass(frozen=True)
class Dense:
    """A Gaussian of more than d samples, given by its d x d covariance."""

    mean: Float64[np.ndarray, " d"]
    covariance: Float64[np.ndarray, "d d"]

    @property
    def rank(self) -> int:
        return int(self.covariance.shape[0])

    @cached_property
    def trace(self) -> float:
        return float(np.trace(self.covariance))

    @cached_property
    def root(self) -> Matrix:
        """Return V sqrt(L) of the eigenvalues L and eigenvectors V: root @ root.T is the covariance."""
        values, vectors = np.linalg.eigh(self.covariance)
        root: Matrix = vectors * np.sqrt(np.clip(values, 0, None))
        return root

    def times(self, matrix: Matrix) -> Matrix:
        """Return covariance @ matrix."""
        product: Matrix = self.covariance @ matrix
        return product


Gaussian = Factored | Dense


@dataclass
class Moments:
    """Streaming mean and covariance in float64, storing at most d rows or one d x d matrix.

    Batches are merged pairwise (Chan et al. 1979), which is accurate even for a large mean.
    """

    dim: int
    count: int = 0
    mean: Float64[np.ndarray, " d"] = field(init=False)
    _rows: list[Features] = field(default_factory=list)
    _scatter: Float64[np.ndarray, "d d"] | None = None

    def __post_init__(self) -> None:
        self.mean = np.zeros(self.dim)

    def update(self, rows: Features) -> None:
        """Add a batch of rows."""
        if self._scatter is None and self.count + len(rows) <= self.dim:
            self._rows.append(np.array(rows, dtype=np.float64))
            self.count += len(rows)
            return
        self._spill()
        self._merge(*_centred(rows))

    def merge(self, other: "Moments") -> None:
        """Add everything that `other` has accumulated, for example in another process."""
        if other._scatter is not None:
            self._spill()
            self._merge(other.count, other.mean, other._scatter)
        for rows in other._rows:
            self.update(rows)

    def gaussian(self) -> Gaussian:
        """Return the Gaussian of all rows, of which there must be at least one."""
        assert self.count > 0, "no rows were added"
        if self._scatter is not None:
            return Dense(self.mean.copy(), self._scatter / self.count)
        rows = np.concatenate(self._rows)
        mean = rows.mean(0)
        return Factored(mean, (rows - mean).T / np.sqrt(self.count))

    def _spill(self) -> None:
        if self._scatter is not None:
            return
        buffered, self._rows = self._rows, []
        self.count, self._scatter = 0, np.zeros((self.dim, self.dim))
        if buffered:
            self._merge(*_centred(np.concatenate(buffered)))

    def _merge(self, count: int, mean: Float64[np.ndarray, " d"], scatter: Float64[np.ndarray, "d d"]) -> None:
        assert self._scatter is not None
        total = self.count + count
        shift = mean - self.mean
        self._scatter += scatter
        self._scatter += np.outer(shift, shift) * (self.count * count / total)
        self.mean = self.mean + shift * (count / total)
        self.count = total


def _centred(rows: Features) -> tuple[int, Float64[np.ndarray, " d"], Float64[np.ndarray, "d d"]]:
    exact = np.asarray(rows, dtype=np.float64)
    mean = exact.mean(0)
    rest = exact - mean
    return len(exact), mean, rest.T @ rest


def gaussian_of(rows: Features, batch: int = 4096) -> Gaussian:
    """Return the Gaussian of all `rows`, read `batch` at a time, so that they may be a memory map."""
    moments = Moments(rows.shape[1])
    for start in range(0, len(rows), batch):
        moments.update(rows[start : start + batch])
    return moments.gaussian()
