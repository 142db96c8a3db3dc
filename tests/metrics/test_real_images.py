"""The default detector on photographs: FID is low between halves of one set, and rises with damage."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.metrics.features import fashion_classes, fashion_images
from trainer.metrics.detectors.lite0 import Lite0
from trainer.metrics.fid import fid
from trainer.metrics.kid import mmd2

COUNT = 200

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lite0() -> Lite0:
    return Lite0()


@pytest.fixture(scope="module")
def photographs() -> np.ndarray:
    return fashion_images()[np.random.default_rng(0).permutation(10_000)]


@pytest.fixture(scope="module")
def half_a(lite0: Lite0, photographs: np.ndarray) -> np.ndarray:
    return lite0.features(torch.from_numpy(photographs[:COUNT])).numpy()


@pytest.fixture(scope="module")
def half_b(photographs: np.ndarray) -> Tensor:
    return torch.from_numpy(photographs[COUNT : 2 * COUNT])


@pytest.fixture(scope="module")
def halves(lite0: Lite0, half_a: np.ndarray, half_b: Tensor) -> float:
    return fid(half_a, lite0.features(half_b).numpy())


def blurred(images: Tensor, sigma: float) -> Tensor:
    taps = torch.exp(-0.5 * (torch.arange(-6, 7) / sigma) ** 2)
    kernel = torch.outer(taps, taps)[None, None] / taps.sum() ** 2
    return F.conv2d(images.float(), kernel, padding=6).round().to(torch.uint8)


def noisy(images: Tensor, sigma: float) -> Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0)) * sigma
    return (images + noise).clamp(0, 255).to(torch.uint8)


def test_halves_of_one_set_have_a_kid_of_zero_within_its_noise(
    lite0: Lite0, half_a: np.ndarray, half_b: Tensor
) -> None:
    same = mmd2(half_a, lite0.features(half_b).numpy())
    blurry = mmd2(half_a, lite0.features(blurred(half_b, 1.0)).numpy())
    assert abs(same) < 0.05 * blurry


@pytest.mark.parametrize(("damage", "amounts"), [(blurred, (1.0, 2.0)), (noisy, (15.0, 40.0))], ids=["blur", "noise"])
def test_fid_rises_with_damage(
    lite0: Lite0,
    half_a: np.ndarray,
    half_b: Tensor,
    halves: float,
    damage: Callable[[Tensor, float], Tensor],
    amounts: tuple[float, float],
) -> None:
    values = [fid(half_a, lite0.features(damage(half_b, amount)).numpy()) for amount in amounts]
    assert 1.5 * halves < values[0] < values[1]


def test_fid_rises_with_dropped_modes(lite0: Lite0, half_a: np.ndarray, halves: float) -> None:
    images, classes = fashion_images(), fashion_classes()
    values = []
    for kept in (5, 2):
        rest = images[classes < kept][-COUNT:]
        values.append(fid(half_a, lite0.features(torch.from_numpy(rest)).numpy()))
    assert 1.2 * halves < values[0] < values[1]
