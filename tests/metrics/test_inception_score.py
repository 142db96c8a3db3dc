"""Inception score against its definition and at its bounds."""

from itertools import pairwise

import numpy as np
import pytest

from trainer.metrics.inception_score import inception_score


def probabilities(count: int, classes: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=count)


def score_by_definition(rows: np.ndarray) -> float:
    marginal = rows.mean(0)
    divergences = [sum(p * np.log(p / q) for p, q in zip(row, marginal, strict=True)) for row in rows]
    return float(np.exp(np.mean(divergences)))


def test_equals_the_definition_on_every_split() -> None:
    rows = probabilities(23, 5)
    bounds = [0, 5, 11, 17, 23]
    scores = [score_by_definition(rows[a:b]) for a, b in pairwise(bounds)]
    assert inception_score(rows, splits=4) == pytest.approx((np.mean(scores), np.std(scores)))


def test_is_one_when_all_images_look_alike() -> None:
    assert inception_score(np.full((40, 6), 1 / 6)) == pytest.approx((1.0, 0.0))


def test_is_the_number_of_classes_when_each_is_seen_with_certainty() -> None:
    assert inception_score(np.eye(5)[np.arange(50) % 5], splits=2) == pytest.approx((5.0, 0.0))


def test_is_at_least_one_and_at_most_the_number_of_classes() -> None:
    assert 1 <= inception_score(probabilities(100, 7)).mean <= 7


def test_fewer_images_than_splits_leave_splits_out() -> None:
    assert np.isfinite(inception_score(probabilities(3, 4), splits=10).mean)


def test_order_within_a_split_does_not_matter() -> None:
    rows = probabilities(30, 4)
    assert inception_score(rows[::-1], splits=1) == pytest.approx(inception_score(rows, splits=1))
