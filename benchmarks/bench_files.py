"""File throughput against training: images per second from the cache, and checkpoints per second."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.bench_iteration import Bench, Row
from benchmarks.ratios import Rate, implementations, least_ms
from trainer.data.cache import Decoded
from trainer.data.dataset import ImageSet
from trainer.state import checkpoint

COUNT, BATCH, SIDE = 10_000, 64, 32


def file_rates(rounds: int) -> Iterator[Rate]:
    """Measure both rates with the networks of tiny32."""
    bench = Bench(Row(512, 16), implementations()["native"])
    for _ in range(2):
        bench.run()
    yield Rate("images from the cache", images_per_second(rounds), bench.images_per_second(), "training", "images/s")
    yield _checkpoint(bench, rounds)


def images_per_second(rounds: int) -> float:
    """Return how many images per second are read from a memory map and converted to [-1, 1]."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "images.npy", random.integers(0, 256, (COUNT, 1, SIDE, SIDE), dtype=np.uint8))
        images = np.load(Path(folder) / "images.npy", mmap_mode="r")
        chosen = ImageSet(Decoded(images, np.zeros(COUNT, dtype=np.int32)), np.arange(COUNT))
        picks = [random.integers(0, COUNT, BATCH) for _ in range(32)]
        took = least_ms({"": lambda: [chosen.images(p).to(torch.float32) / 127.5 - 1 for p in picks]}, rounds)[""]
    return 1000 * BATCH * len(picks) / took


class NoFence(NamedTuple):
    """A fence for a single writer."""

    token: int = 1

    def check(self) -> None:
        """Allow every write."""


NO_FENCE = NoFence()


def _checkpoint(bench: Bench, rounds: int) -> Rate:
    """Return checkpoints per second (written, synced and checksummed) against iterations per second."""
    tensors = {**bench.generator.state_dict(), **{f"D/{k}": v for k, v in bench.discriminator.state_dict().items()}}
    with tempfile.TemporaryDirectory() as folder:
        took = least_ms({"": lambda: checkpoint.save(Path(folder), 1, NO_FENCE, tensors)}, rounds)[""]
    return Rate("checkpoints written", 1000 / took, 1000 / bench.milliseconds, "iterations", "1/s")
