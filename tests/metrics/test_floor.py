"""The FID of an ideal generator that has memorised its training subset."""

import numpy as np

from tests.metrics.features import gaussian_rows
from trainer.metrics.fid import fid
from trainer.metrics.fid_floor import fid_floor


def test_falls_with_the_size_of_the_subset_and_is_zero_for_the_whole() -> None:
    means = [floor.mean for floor in fid_floor(gaussian_rows(400, 16), [25, 100, 400])]
    assert means[0] > 2 * means[1] > 4 * means[2]
    assert abs(means[2]) < 1e-6


def test_spread_is_over_subsets_and_falls_too() -> None:
    few, many = fid_floor(gaussian_rows(400, 16), [25, 200], draws=20)
    assert few.low < few.mean < few.high
    assert few.std > many.std > 0


def test_one_draw_is_the_distance_of_one_subset() -> None:
    rows = gaussian_rows(50, 8)
    subset = np.sort(np.random.default_rng([5, 20]).permutation(50)[:20])
    (floor,) = fid_floor(rows, [20], draws=1, seed=5)
    assert floor.mean == fid(rows, rows[subset])


def test_a_size_does_not_depend_on_the_others() -> None:
    rows = gaussian_rows(50, 8)
    assert fid_floor(rows, [10, 20])[1] == fid_floor(rows, [20])[0]
