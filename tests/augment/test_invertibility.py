"""Condition numbers of augmentations against those of explicit mixing matrices."""

import numpy as np
import pytest

from trainer.augment.invertibility import condition_number, condition_numbers, first_zero
from trainer.augment.transforms.table import TRANSFORMS


def mixing_matrix(weights: np.ndarray, p: float) -> np.ndarray:
    """The matrix by which distributions over a cyclic group are mixed: circulant."""
    own = p * weights
    own[0] += 1 - p
    return np.stack([np.roll(own, shift) for shift in range(len(own))])


@pytest.mark.parametrize("p", [0.0, 0.3, 0.8])
@pytest.mark.parametrize(("name", "size"), [("rotate90", 4), ("xflip", 2), ("lumaflip", 2)])
def test_of_a_uniform_choice_it_is_that_of_the_mixing_matrix(name: str, size: int, p: float) -> None:
    matrix = mixing_matrix(np.full(size, 1 / size), p)
    assert condition_number(TRANSFORMS[name], 32, p) == pytest.approx(np.linalg.cond(matrix))
    assert condition_number(TRANSFORMS[name], 32, p) == pytest.approx(1 / (1 - p))


@pytest.mark.parametrize("p", [0.2, 0.6])
def test_of_translations_it_is_that_of_the_mixing_matrix(p: float) -> None:
    offsets = np.array([-1, 0, 1])  # an eighth of eight pixels: half a pixel's worth of weight at either end
    weights = np.zeros(8)
    weights[offsets] = [0.25, 0.5, 0.25]
    along = np.fft.fft(weights).real
    smallest = np.abs(1 - p + p * np.outer(along, along)).min()
    assert condition_number(TRANSFORMS["xint"], 8, p) == pytest.approx(1 / smallest, rel=1e-3)


def test_nothing_is_lost_at_p_zero_and_quarter_turns_are_at_one() -> None:
    assert condition_numbers("bgcfn", 64, 0.0)["whole"] == pytest.approx(1)
    assert condition_numbers("blit", 64, 1.0)["rotate90"] == np.inf


def test_translations_have_a_zero_before_one_and_flips_do_not() -> None:
    assert 0.8 < first_zero(TRANSFORMS["xint"], 256) < 0.85
    assert first_zero(TRANSFORMS["xflip"], 256) == 1


def test_at_least_one_of_both_rotations_has_the_probability_p() -> None:
    both = condition_number(TRANSFORMS["rotate_pre"], 32, 0.75) * condition_number(TRANSFORMS["rotate_post"], 32, 0.75)
    assert both == pytest.approx(1 / (1 - 0.75))


def test_a_pipe_of_one_transform_is_that_transform() -> None:
    assert list(condition_numbers("rotate90", 32, 0.5)) == ["rotate90", "whole"]


def test_cutout_is_not_a_group() -> None:
    assert np.isnan(condition_numbers("cutout", 32, 0.5)["cutout"])
