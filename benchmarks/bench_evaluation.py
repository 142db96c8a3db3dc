"""What an evaluation costs: generation at `tiny32` and features of lite0, on one thread."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from benchmarks.ratios import Rate, implementations
from trainer.config.networks.stylegan2 import StyleGan2Generator
from trainer.images.grids import to_uint8
from trainer.metrics.detectors.lite0 import Lite0
from trainer.model.generator import Generator
from trainer.ops.kernels import using
from trainer.registry import build

BATCH = 64
IMAGES, SECONDS = 2000, 10
AIM = IMAGES / SECONDS


def evaluation_rates(rounds: int) -> Iterator[Rate]:
    """Yield images/s of generation, of features, and of both in turn, beside the aim of 2,000 images in 10 s."""
    generator: Generator = build(StyleGan2Generator(channel_base=512, channel_max=64), 32, 1, 0)
    detector, z = Lite0(), torch.randn(BATCH, generator.z_dim)
    works: dict[str, Callable[[], Any]] = {
        "generation": lambda: to_uint8(generator(z, z[:, :0])),
        "features": lambda: detector.features(images),
    }
    with using(implementations()["native"]), torch.inference_mode():
        images = works["generation"]()
        took = {name: min(_seconds(work) for _ in range(rounds)) for name, work in works.items()}
    took["both"] = sum(took.values())
    for name, seconds in took.items():
        yield Rate(f"evaluation at 32²: {name}", BATCH / seconds, AIM, "2,000 images in 10 s", "images/s")


def _seconds(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
