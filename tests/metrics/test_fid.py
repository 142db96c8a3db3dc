"""FID against scipy's matrix square root, and its properties for any features."""

from random import Random

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.features import gaussian_rows, small_sets
from trainer.metrics.fid import fid, frechet_distance
from trainer.metrics.moments import Dense, Factored, Moments, gaussian_of


def fid_by_matrix_root(real: np.ndarray, generated: np.ndarray) -> float:
    """The usual definition, with a dense matrix square root of the product of both covariances."""
    means = real.mean(0) - generated.mean(0)
    first, second = (np.cov(rows, rowvar=False, bias=True) for rows in (real, generated))
    root = scipy.linalg.sqrtm(first @ second)
    return float(means @ means + np.trace(first + second - 2 * np.real(root)))


@pytest.mark.parametrize(("real", "generated"), [(300, 200), (30, 20), (30, 200), (200, 30), (64, 64), (65, 64)])
@pytest.mark.filterwarnings("ignore:Matrix is singular")
def test_equals_the_dense_matrix_root_for_more_and_fewer_images_than_features(real: int, generated: int) -> None:
    first = gaussian_rows(real, 64, seed=1)
    second = gaussian_rows(generated, 64, seed=2, shift=0.1, mixing_seed=5)
    assert fid(first, second) == pytest.approx(fid_by_matrix_root(first, second), rel=1e-6)


def test_of_two_known_gaussians() -> None:
    narrow, wide = Dense(np.zeros(2), np.diag([1.0, 4.0])), Dense(np.array([3.0, 0.0]), np.diag([9.0, 4.0]))
    assert frechet_distance(narrow, wide) == pytest.approx(9 + (3 - 1) ** 2)


@given(small_sets())
@settings(max_examples=50, deadline=None)
def test_is_zero_for_equal_sets(rows: np.ndarray) -> None:
    assert fid(rows, rows) == pytest.approx(0, abs=1e-6 * np.square(rows).sum())


@given(small_sets(), small_sets(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_does_not_depend_on_the_order_of_images(first: np.ndarray, second: np.ndarray, random: Random) -> None:
    order = np.array(random.sample(range(len(first)), len(first)))
    assert fid(first[order], second) == pytest.approx(fid(first, second), rel=1e-6, abs=1e-9)


@given(small_sets(), small_sets())
@settings(max_examples=50, deadline=None)
def test_is_symmetric_and_not_negative(first: np.ndarray, second: np.ndarray) -> None:
    assert fid(first, second) == pytest.approx(fid(second, first), rel=1e-6, abs=1e-9)
    assert fid(first, second) >= -1e-9


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_moments_of_batches_are_the_moments_of_the_whole(batches: list[int]) -> None:
    rows = gaussian_rows(sum(batches), 16) + 1e4
    moments = Moments(16)
    for part in np.split(rows, np.cumsum(batches)[:-1]):
        moments.update(part)
    gaussian = moments.gaussian()
    np.testing.assert_allclose(gaussian.mean, rows.mean(0), rtol=1e-12)
    np.testing.assert_allclose(gaussian.times(np.eye(16)), np.cov(rows, rowvar=False, bias=True), atol=1e-9)


@pytest.mark.parametrize("sizes", [(5, 6), (5, 40), (40, 5), (40, 50)])
def test_moments_of_two_processes_merge(sizes: tuple[int, int]) -> None:
    rows = gaussian_rows(sum(sizes), 16)
    mine, theirs = Moments(16), Moments(16)
    mine.update(rows[: sizes[0]])
    theirs.update(rows[sizes[0] :])
    mine.merge(theirs)
    np.testing.assert_allclose(mine.gaussian().mean, rows.mean(0), atol=1e-12)
    np.testing.assert_allclose(
        mine.gaussian().times(np.eye(16)), np.cov(rows, rowvar=False, bias=True), rtol=1e-9, atol=1e-12
    )


def test_few_rows_are_kept_as_they_are_and_many_as_one_matrix() -> None:
    assert isinstance(gaussian_of(gaussian_rows(16, 16)), Factored)
    assert isinstance(gaussian_of(gaussian_rows(17, 16), batch=5), Dense)


def test_dead_features_do_no_harm() -> None:
    first, second = gaussian_rows(100, 8, seed=1), gaussian_rows(100, 8, seed=2)
    padded = [np.pad(rows, ((0, 0), (0, 24))) for rows in (first, second)]
    assert fid(*padded) == pytest.approx(fid(first, second), rel=1e-6)
