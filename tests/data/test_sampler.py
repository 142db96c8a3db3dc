"""The order of images can be resumed anywhere and split among ranks."""

import time
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from trainer.data.sampler import DRAWS_AT_ONCE, InfiniteSampler


@given(st.integers(1, 60), st.integers(0, 5), st.integers(0, 3 * DRAWS_AT_ONCE), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_a_sampler_resumes_from_any_image_counter(size: int, seed: int, start: int, window: float) -> None:
    one = InfiniteSampler(size, seed=seed, window=window)
    one.take(start)
    assert InfiniteSampler(size, seed=seed, window=window, start=start).take(90) == one.take(90)


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 50), st.integers(0, 3))
def test_replicas_share_out_one_order(size: int, replicas: int, start: int, seed: int) -> None:
    whole = InfiniteSampler(size, seed=seed, start=start * replicas).take(replicas * 20)
    parts = [
        InfiniteSampler(size, seed=seed, rank=rank, replicas=replicas, start=start * replicas).take(20)
        for rank in range(replicas)
    ]
    assert [index for row in zip(*parts, strict=True) for index in row] == whole


@given(st.integers(2, 50), st.lists(st.integers(0, 7), max_size=20))
def test_batches_of_any_size_are_the_same_stream(size: int, counts: list[int]) -> None:
    whole = InfiniteSampler(size, rank=1, replicas=3).take(sum(counts))
    sampler = InfiniteSampler(size, rank=1, replicas=3)
    assert [index for count in counts for index in sampler.take(count)] == whole
    assert list(islice(InfiniteSampler(size, rank=1, replicas=3), sum(counts))) == whole


@given(st.integers(1, 200), st.booleans())
def test_the_first_round_shows_every_image_once_without_window(size: int, shuffle: bool) -> None:
    assert sorted(InfiniteSampler(size, shuffle=shuffle, window=0.0).take(size)) == list(range(size))


def test_no_image_is_forgotten() -> None:
    shown = InfiniteSampler(100).take(10_000)
    counts = [shown.count(index) for index in range(100)]
    assert min(counts) > 60
    assert max(counts) < 140


def test_a_million_images_are_skipped_in_a_moment() -> None:
    start = time.perf_counter()
    InfiniteSampler(70_000, start=1_000_000)
    assert time.perf_counter() - start < 5
