"""The distributions that the transforms draw from, and the meaning of their parameters."""

from math import pi

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from trainer.augment.draws import RandomDraws
from trainer.augment.transforms.base import Colouring, Corruption, Filtering, Geometric
from trainer.augment.transforms.corruption import Cutout
from trainer.augment.transforms.filtering import EXPECTED_POWER
from trainer.augment.transforms.table import GROUPS, TRANSFORMS

COUNT = 4000
NORMAL = {"scale": 0.2, "aniso": 0.2, "xfrac": 0.125, "brightness": 0.2, "contrast": 0.5, "saturation": 1.0}
NORMAL |= {f"filter{band}": 1.0 for band in range(4)}
UNIFORM = {"xint": 0.125, "rotate_pre": pi, "rotate_post": pi, "hue": pi}
WHOLE = {"xflip": 2, "rotate90": 4, "lumaflip": 2}

DISTRIBUTIONS = {
    **{name: ("norm", (0, std)) for name, std in NORMAL.items()},
    **{name: ("uniform", (-most, 2 * most)) for name, most in UNIFORM.items()},
    "noise": ("halfnorm", (0, 0.1)),
}


def drawn(name: str, count: int = COUNT) -> Tensor:
    torch.manual_seed(7)
    transform = TRANSFORMS[name]
    return transform.draw(RandomDraws(), torch.empty(count, transform.parameters, dtype=torch.float64))


def test_every_transform_stands_in_one_group() -> None:
    grouped = [name for group in GROUPS.values() for name in group]
    assert grouped == list(TRANSFORMS)


def test_every_transform_has_its_distribution_tested() -> None:
    assert set(DISTRIBUTIONS) | set(WHOLE) | {"cutout"} == set(TRANSFORMS)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_parameters_follow_the_distribution_of_the_paper(name: str) -> None:
    for column in drawn(name).T:
        assert stats.kstest(column.numpy(), *DISTRIBUTIONS[name]).pvalue > 1e-3


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_are_equally_likely(name: str) -> None:
    values, counts = np.unique(drawn(name).numpy(), return_counts=True)
    assert values.tolist() == list(range(WHOLE[name]))
    assert stats.chisquare(counts).pvalue > 1e-3


def test_cutout_is_half_a_side_around_a_uniform_point() -> None:
    size, *centre = drawn("cutout").T
    assert (size == 0.5).all()
    assert all(stats.kstest(axis.numpy(), "uniform").pvalue > 1e-3 for axis in centre)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_zero_parameters_leave_an_image_alone(name: str) -> None:
    transform, images = TRANSFORMS[name], torch.rand(2, 3, 8, 8)
    zero = torch.zeros(2, transform.parameters)
    match transform:
        case Geometric():
            assert torch.equal(transform.inverse(zero, 8, 8), torch.eye(3).expand(2, 3, 3))
        case Colouring():
            assert torch.allclose(transform.matrix(zero), torch.eye(4).expand(2, 4, 4), atol=1e-7)
        case Filtering():
            assert torch.equal(transform.gains(zero), torch.ones(2, 4))
        case Corruption():
            assert torch.equal(transform.apply(images, zero, RandomDraws()), images)
        case _:
            pytest.fail(f"{name} is of no known kind")


def _geometric(name: str, *parameters: float) -> Tensor:
    transform = TRANSFORMS[name]
    assert isinstance(transform, Geometric)
    return transform.inverse(torch.tensor([parameters], dtype=torch.float64), 20, 40)[0]


def _colouring(name: str, parameter: float) -> Tensor:
    transform = TRANSFORMS[name]
    assert isinstance(transform, Colouring)
    return transform.matrix(torch.tensor([[parameter]], dtype=torch.float64))[0]


@given(st.floats(-3, 3))
def test_areas_change_by_the_isotropic_scale_alone(parameter: float) -> None:
    assert torch.det(_geometric("scale", parameter)).item() == pytest.approx(4**-parameter)
    for name in ("aniso", "rotate_pre"):
        assert torch.det(_geometric(name, parameter)).item() == pytest.approx(1)


@given(st.floats(-0.125, 0.125), st.floats(-0.125, 0.125))
def test_integer_translation_moves_by_whole_pixels(x: float, y: float) -> None:
    moved = _geometric("xint", x, y)[:2, 2]
    assert torch.equal(moved, -torch.tensor([x * 40, y * 20], dtype=torch.float64).round())


@given(st.floats(-3, 3), st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_hue_and_saturation_keep_the_luma(parameter: float, colour: list[float]) -> None:
    point = torch.tensor([*colour, 1.0], dtype=torch.float64)
    for name in ("hue", "saturation"):
        changed = _colouring(name, parameter) @ point
        assert changed[:3].mean().item() == pytest.approx(point[:3].mean().item(), abs=1e-9)


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_luma_flip_undoes_itself(colour: list[float]) -> None:
    flip, point = _colouring("lumaflip", 1.0), torch.tensor([*colour, 1.0], dtype=torch.float64)
    assert (flip @ point)[:3].mean().item() == pytest.approx(-point[:3].mean().item(), abs=1e-12)
    assert torch.allclose(flip @ flip @ point, point)


@given(st.integers(0, 3), st.floats(-4, 4))
def test_a_stronger_band_leaves_the_expected_power_unchanged(band: int, exponent: float) -> None:
    transform = TRANSFORMS[f"filter{band}"]
    assert isinstance(transform, Filtering)
    gains = transform.gains(torch.tensor([[exponent]], dtype=torch.float64))[0]
    power = gains.square() @ torch.tensor(EXPECTED_POWER, dtype=torch.float64)
    assert power.item() == pytest.approx(1)


@pytest.mark.parametrize(("x", "y", "hidden"), [(0.5, 0.5, 0.25), (0.0, 0.5, 0.125), (0.0, 0.0, 0.0625)])
def test_cutout_hides_the_part_of_its_rectangle_inside_the_image(x: float, y: float, hidden: float) -> None:
    cut = Cutout().apply(torch.ones(1, 2, 16, 32), torch.tensor([[0.5, x, y]]), RandomDraws())
    assert (cut == 0).float().mean().item() == hidden
