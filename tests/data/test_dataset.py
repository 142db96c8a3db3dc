"""Subsets, mirror images, labels, validation."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.data.pictures import data_config, pixels, zip_set
from trainer.data.dataset import TrainSet, full_set, split
from trainer.errors import DataError

sizes = st.integers(1, 400).flatmap(
    lambda images: st.tuples(
        st.just(images), st.integers(1, images).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, images - n)))
    )
)


@given(sizes, st.integers(-(2**40), 2**40))
def test_subset_and_validation_are_disjoint_sorted_and_complete(size: tuple[int, tuple[int, int]], seed: int) -> None:
    images, (subset, validation) = size
    parts = split(images, subset, validation, seed)
    for part, wanted in ((parts.train, subset), (parts.validation, validation)):
        assert len(part) == wanted
        assert (np.diff(part) > 0).all()
        assert ((part >= 0) & (part < images)).all()
    assert not set(parts.train) & set(parts.validation)


@given(st.integers(10, 300), st.integers(0, 1000))
def test_a_smaller_subset_of_the_same_seed_is_part_of_the_larger(images: int, seed: int) -> None:
    small, large = split(images, images // 4, 2, seed), split(images, images // 2, 2, seed)
    assert set(small.train) <= set(large.train)
    assert (small.validation == large.validation).all()


def test_every_seed_draws_a_fresh_subset() -> None:
    assert len({tuple(split(1000, 20, 0, seed).train) for seed in range(50)}) == 50


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return zip_set(tmp_path / "cats.zip", 40, labels=[number % 4 for number in range(40)])


def test_the_second_half_mirrors_the_first(path: Path, tmp_path: Path) -> None:
    train = TrainSet(data_config(path, subset=10, mirror=True), path, tmp_path / "cache")
    assert len(train) == 20
    images = train.images(range(20))
    assert images.dtype == torch.uint8
    assert (images[10:] == images[:10].flip(3)).all()
    assert (images[:10] != images[10:]).any()


def test_images_are_copies_that_may_be_changed(path: Path, tmp_path: Path) -> None:
    train = TrainSet(data_config(path), path, tmp_path / "cache")
    train.images([3]).zero_()
    assert (train.images([3])[0].permute(1, 2, 0).numpy() == pixels(3)).all()


def test_labels_follow_their_images(path: Path, tmp_path: Path) -> None:
    train = TrainSet(data_config(path, subset=12, mirror=True, labels=True), path, tmp_path / "cache")
    raw, _ = train.sources(range(24))
    rows = train.labels(range(24))
    assert rows.shape == (24, 4)
    assert rows.dtype == torch.float32
    assert (rows.argmax(1).numpy() == raw % 4).all()
    assert (rows.sum(1) == 1).all()


def test_an_unconditional_run_has_labels_without_columns(path: Path, tmp_path: Path) -> None:
    assert TrainSet(data_config(path), path, tmp_path / "cache").labels([1, 2]).shape == (2, 0)


def test_validation_images_are_not_trained_on_and_not_mirrored(path: Path, tmp_path: Path) -> None:
    config = data_config(path, subset=30, validation=10, mirror=True)
    train = TrainSet(config, path, tmp_path / "cache")
    assert len(train.validation) == 10
    seen = {image.tobytes() for image in train.images(range(60)).numpy()}
    assert not seen & {image.tobytes() for image in train.validation.images(range(10)).numpy()}


def test_the_full_set_is_every_image_in_order(path: Path, tmp_path: Path) -> None:
    for whole in (full_set(path, tmp_path / "cache"), TrainSet(data_config(path), path, tmp_path / "cache").whole):
        assert len(whole) == 40
        assert (whole.images([17])[0].permute(1, 2, 0).numpy() == pixels(17)).all()
        assert whole.labels([17]).tolist() == [[0, 1, 0, 0]]
    assert (whole.resolution, whole.channels) == (8, 3)


def test_an_unlabelled_full_set_has_no_columns(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "dogs.zip", 3, channels=1)
    whole = full_set(path, tmp_path / "cache")
    assert whole.labels([0]).shape == (1, 0)
    assert whole.class_ids([0, 1]).tolist() == [-1, -1]


def test_a_set_of_another_size_than_the_trial_says_is_refused(path: Path, tmp_path: Path) -> None:
    config = data_config(path)
    for wrong in ({"images": 41}, {"channels": 1}, {"resolution": 16}, {"classes": 2, "labels": True}):
        with pytest.raises(DataError, match=r"cats\.zip"):
            TrainSet(config.model_copy(update=wrong), path, tmp_path / "cache")


def test_one_channel_to_four_channels_work(tmp_path: Path) -> None:
    for channels in (1, 2, 3, 4):
        path = zip_set(tmp_path / f"c{channels}.zip", 2, channels=channels)
        images = full_set(path, tmp_path / "cache").images([1])
        assert (images[0].permute(1, 2, 0).numpy() == pixels(1, channels=channels)).all()
