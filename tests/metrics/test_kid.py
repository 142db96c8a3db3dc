"""KID against its definition, and its unbiasedness by simulation."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.features import gaussian_rows, small_sets
from trainer.metrics.kid import draw_subsets, kid, mmd2, subset_distances


def mmd2_by_definition(first: np.ndarray, second: np.ndarray) -> float:
    """Sums of the cubic kernel over all pairs, excluding pairs of an image with itself."""

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / len(x) + 1) ** 3)

    def within(rows: np.ndarray) -> float:
        pairs = [kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]
        return float(np.mean(pairs))

    return within(first) + within(second) - 2 * float(np.mean([kernel(x, y) for x in first for y in second]))


def test_whole_sets_of_different_size_equal_the_definition() -> None:
    first, second = gaussian_rows(9, 5, seed=1), gaussian_rows(12, 5, seed=2, shift=0.3)
    assert mmd2(first, second) == pytest.approx(mmd2_by_definition(first, second), rel=1e-9)


@pytest.mark.parametrize("subsets", [2, 500], ids=["each subset alone", "kernel values shared"])
def test_mean_over_subsets_equals_the_definition(subsets: int) -> None:
    real, generated = gaussian_rows(20, 5, seed=1), gaussian_rows(16, 5, seed=2, shift=0.3)
    drawn = draw_subsets(20, 16, subsets, 6, seed=3)
    expected = [mmd2_by_definition(real[r], generated[g]) for r, g in zip(drawn.real, drawn.generated, strict=True)]
    np.testing.assert_allclose(subset_distances(real, generated, drawn), expected, rtol=1e-9)
    assert kid(real, generated, subsets, 6, seed=3) == pytest.approx(float(np.mean(expected)))


def test_is_unbiased() -> None:
    """Over many pairs of small sets from one distribution, the mean is 0 within its error; that of FID is far above."""
    values = [mmd2(gaussian_rows(10, 4, seed=2 * i), gaussian_rows(10, 4, seed=2 * i + 1)) for i in range(2000)]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error


def test_expectation_does_not_depend_on_the_number_of_images() -> None:
    def mean_and_error(count: int) -> tuple[float, float]:
        pairs = (
            (gaussian_rows(count, 4, seed=2 * i), gaussian_rows(count, 4, 2 * i + 1, shift=0.3)) for i in range(600)
        )
        values = [mmd2(*pair) for pair in pairs]
        return float(np.mean(values)), float(np.std(values) / np.sqrt(len(values)))

    (few, few_error), (many, many_error) = mean_and_error(8), mean_and_error(32)
    assert abs(few - many) < 3 * np.hypot(few_error, many_error)


@given(small_sets(), small_sets(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_of_whole_sets_does_not_depend_on_the_order_of_images(
    first: np.ndarray, second: np.ndarray, random: Random
) -> None:
    order = np.array(random.sample(range(len(first)), len(first)))
    magnitude = (np.square(first).sum(1).max() + np.square(second).sum(1).max() + 1) ** 3
    assert mmd2(first[order], second) == pytest.approx(mmd2(first, second), abs=1e-12 * magnitude)


def test_equal_sets_are_closer_than_by_chance() -> None:
    rows = gaussian_rows(50, 8)
    assert mmd2(rows, rows) < mmd2(rows, gaussian_rows(50, 8, seed=1))


def test_seed_decides_the_subsets() -> None:
    real, generated = gaussian_rows(30, 4, seed=1), gaussian_rows(30, 4, seed=2)
    assert kid(real, generated, 5, 10, seed=1) == kid(real, generated, 5, 10, seed=1)
    assert kid(real, generated, 5, 10, seed=1) != kid(real, generated, 5, 10, seed=2)
