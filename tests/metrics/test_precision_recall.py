"""Precision and recall against their definition."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.features import gaussian_rows, small_sets
from trainer.metrics.precision_recall import precision_recall


def share_inside(samples: np.ndarray, centres: np.ndarray, neighbours: int) -> float:
    """Check all pairs, as in the definition."""

    def radius(index: int) -> float:
        others = sorted(np.linalg.norm(centres[index] - c) for j, c in enumerate(centres) if j != index)
        return float(others[neighbours - 1])

    reach = [radius(index) for index in range(len(centres))]
    hits = [any(np.linalg.norm(x - c) <= r for c, r in zip(centres, reach, strict=True)) for x in samples]
    return float(np.mean(hits))


@pytest.mark.parametrize("neighbours", [1, 3, 5])
def test_equals_the_definition(neighbours: int) -> None:
    real, generated = gaussian_rows(40, 3, seed=1), gaussian_rows(30, 3, seed=2, shift=0.8)
    precision, recall = precision_recall(real, generated, neighbours)
    assert precision == pytest.approx(share_inside(generated, real, neighbours))
    assert recall == pytest.approx(share_inside(real, generated, neighbours))


@given(small_sets())
@settings(max_examples=50, deadline=None)
def test_equal_sets_have_both_one(rows: np.ndarray) -> None:
    assert precision_recall(rows, rows) == (1.0, 1.0)


def test_sets_far_apart_have_both_zero() -> None:
    assert precision_recall(gaussian_rows(20, 4), gaussian_rows(20, 4, seed=1, shift=1e3)) == (0.0, 0.0)


def test_a_generator_of_one_mode_is_precise_and_forgets_the_rest() -> None:
    near, far = gaussian_rows(100, 4, seed=1), gaussian_rows(100, 4, seed=2, shift=50)
    precision, recall = precision_recall(np.concatenate([near, far]), gaussian_rows(200, 4, seed=3))
    assert precision > 0.8
    assert recall <= 0.5


@given(small_sets(), small_sets(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_does_not_depend_on_the_order_of_images(first: np.ndarray, second: np.ndarray, random: Random) -> None:
    order = np.array(random.sample(range(len(first)), len(first)))
    assert precision_recall(first[order], second) == precision_recall(first, second)
