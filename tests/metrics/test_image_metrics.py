"""Metrics of images rather than features: similarity, sliced Wasserstein distance, path length."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor

from tests.metrics.features import fashion_images
from trainer.metrics import ms_ssim as similarity
from trainer.metrics import ppl
from trainer.metrics.swd import (
    average,
    cut,
    doubled,
    halved,
    laplacian_pyramid,
    normalised,
    patch_positions,
    patches_of,
    plain,
    sliced_wasserstein,
    swd,
)


def photographs(start: int, count: int) -> Tensor:
    return torch.from_numpy(fashion_images()[start : start + count])


def test_equal_images_have_similarity_one() -> None:
    images = photographs(0, 3)
    torch.testing.assert_close(similarity.ms_ssim(images, images), torch.ones(3, dtype=torch.float64))


def test_similarity_falls_with_noise_and_is_symmetric() -> None:
    images = torch.rand(4, 3, 192, 192, generator=torch.Generator().manual_seed(0)) * 200
    images = torch.nn.functional.avg_pool2d(images, 9, 1, 4)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    little, much = (similarity.ms_ssim(images, images + sigma * noise) for sigma in (5, 25))
    assert (little < 1).all()
    assert (little > much).all()
    torch.testing.assert_close(similarity.ms_ssim(images + 5 * noise, images), little)


def test_structure_and_luminance_at_one_pixel_equal_the_definition() -> None:
    x, y = (torch.rand(1, 1, 11, 11, dtype=torch.float64) * 255 for _ in range(2))
    weights = torch.exp(-0.5 * ((torch.arange(11) - 5) / 1.5) ** 2).double()
    weights = torch.outer(weights, weights) / weights.sum() ** 2
    mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
    variances = [(weights * (z - m) ** 2).sum() for z, m in ((x, mean_x), (y, mean_y))]
    covariance = (weights * (x - mean_x) * (y - mean_y)).sum()
    structure = (2 * covariance + similarity.C2) / (sum(variances) + similarity.C2)
    luminance = (2 * mean_x * mean_y + similarity.C1) / (mean_x**2 + mean_y**2 + similarity.C1)
    mine = similarity.ssim(x, y)
    torch.testing.assert_close(mine.structure[0], structure)
    torch.testing.assert_close(mine.whole[0], luminance * structure)


def test_a_pyramid_adds_up_to_its_image() -> None:
    images = torch.rand(2, 3, 64, 64)
    levels = laplacian_pyramid(images)
    assert [level.shape[-1] for level in levels] == [64, 32, 16]
    rebuilt = levels[-1]
    for level in reversed(levels[:-1]):
        rebuilt = level + doubled(rebuilt)
    torch.testing.assert_close(rebuilt, images)


def test_constant_images_stay_constant_through_the_pyramid() -> None:
    constant = torch.full((1, 1, 32, 32), 7.0)
    torch.testing.assert_close(halved(constant), torch.full((1, 1, 16, 16), 7.0))


def test_patches_are_pieces_of_their_image() -> None:
    image = torch.arange(20 * 20.0).reshape(1, 1, 20, 20)
    rows = torch.from_numpy(cut(image, patch_positions(20, 0, 1, seed=0, patches=5))).reshape(5, 7, 7)
    torch.testing.assert_close(rows[:, 0, 1:] - rows[:, 0, :-1], torch.ones(5, 6))
    torch.testing.assert_close(rows[:, 1:, 0] - rows[:, :-1, 0], torch.full((5, 6), 20.0))


def test_normalised_patches_have_mean_zero_and_deviation_one_per_channel() -> None:
    patches = (torch.rand(50, 3 * 49) * torch.arange(1, 4).repeat_interleave(49) + 3).numpy()
    rows = normalised(patches).along(torch.eye(3 * 49)).unflatten(1, (3, 49))
    torch.testing.assert_close(rows.mean((0, 2)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(rows.std((0, 2), correction=0), torch.ones(3))


def test_sliced_distance_in_one_dimension_is_the_wasserstein_distance() -> None:
    first, second = torch.randn(40, 1), torch.randn(40, 1) * 2 + 1
    expected = wasserstein_distance(first[:, 0].numpy(), second[:, 0].numpy())
    mine = sliced_wasserstein(plain(first.numpy()), plain(second.numpy()), seed=0, directions=3)
    assert mine == pytest.approx(expected, rel=1e-5)


def test_sliced_distance_is_zero_for_equal_sets_in_any_order() -> None:
    rows = torch.randn(60, 5).numpy()
    assert sliced_wasserstein(plain(rows), plain(rows[::-1].copy()), seed=0) == pytest.approx(0, abs=1e-6)


def test_patches_of_an_image_do_not_depend_on_how_images_are_batched() -> None:
    images = photographs(0, 150)
    whole = patches_of(images)
    for start, end in ((0, 50), (50, 150)):
        for side, rows in patches_of(images[start:end], start=start).items():
            np.testing.assert_allclose(rows, whole[side][start * 128 : end * 128], atol=1e-3)


def test_swd_of_equal_sets_is_zero_and_order_does_not_matter() -> None:
    first, second = patches_of(photographs(0, 40)), patches_of(photographs(40, 40))
    shuffled = {side: rows[np.random.default_rng(0).permutation(len(rows))] for side, rows in second.items()}
    assert max(swd(first, first).values()) == 0
    assert swd(first, shuffled) == pytest.approx(swd(first, second), rel=1e-4)


def test_swd_of_blurred_photographs_is_largest_at_the_finest_level() -> None:
    first, second = photographs(0, 64), photographs(64, 64)
    blurry = torch.nn.functional.avg_pool2d(second.float(), 3, 1, 1)
    same, damaged = (swd(patches_of(first), patches_of(other, seed=1)) for other in (second, blurry))
    assert list(same) == [32, 16]
    assert damaged[32] > 3 * same[32]
    assert average(damaged) > average(same)


def test_slerp_runs_from_end_to_end_along_the_sphere() -> None:
    start, end = torch.randn(2, 5, 8).unbind()
    directions = [torch.nn.functional.normalize(z, dim=-1) for z in (start, end)]
    for share, expected in zip((0.0, 1.0), directions, strict=True):
        torch.testing.assert_close(ppl.slerp(start, end, torch.full((5, 1), share)), expected, atol=1e-5, rtol=0)
    middle = ppl.slerp(start, end, torch.full((5, 1), 0.5))
    torch.testing.assert_close(
        middle, torch.nn.functional.normalize(directions[0] + directions[1], dim=-1), atol=1e-5, rtol=0
    )


def test_path_length_leaves_out_the_extremes() -> None:
    distances = np.ones(1000)
    distances[:3], distances[3:6] = 0, 1e9
    assert ppl.path_length(distances, epsilon=0.5) == pytest.approx(4.0)


def test_path_length_does_not_depend_on_the_step_for_a_smooth_path() -> None:
    speed = np.random.default_rng(0).uniform(1, 2, 500)
    coarse, fine = (ppl.path_length((speed * step) ** 2, step) for step in (1e-2, 1e-4))
    assert coarse == pytest.approx(fine)


def test_face_region_is_the_middle_of_a_portrait() -> None:
    images = torch.arange(64.0).reshape(1, 1, 8, 8)
    assert ppl.face_region(images)[0, 0, 0, 0] == 3 * 8 + 2
    assert ppl.face_region(images).shape[-2:] == (4, 4)
