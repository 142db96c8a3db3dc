"""Published and measured costs of training and evaluation, used if there is nothing better: orders of magnitude."""

import math
from typing import NamedTuple

from trainer.config.job import Resources
from trainer.config.metrics.families import FAMILIES
from trainer.config.metrics.names import MetricSpec, detector_name
from trainer.config.train import TrainConfig

PUBLISHED_V100 = {
    (128, 8): 4.3,
    (256, 1): 23.8,
    (256, 2): 12.4,
    (256, 4): 6.3,
    (256, 8): 5.0,
    (512, 8): 10.1,
    (1024, 8): 21.2,
}
"""Seconds per kimg by resolution and number of V100s: the training times published with the official code."""

PUBLISHED_V100_FP32 = {(256, 8): 16.4, (1024, 8): 33.7}
"""The same in single precision: StyleGAN2's original code, configuration F, 25,000 kimg in 4 d 18 h and 9 d 18 h."""

CPU_SECONDS_PER_WORK = 7.4e-6
"""Seconds per kimg on one CPU core, per unit of `work`: measured with StyleGAN2 at 32x32, 32 to 256 channels wide."""

GENERATION_SHARE = 0.1
"""Time to generate an image as a share of the time to train on one."""

CPU_SECONDS_PER_IMAGE = {"lite0": 0.008, "inception": 0.1, "distance": 0.05, "manifold": 0.05, "pixels": 0.002}
GPU_SECONDS_PER_IMAGE = {"lite0": 0.0005, "inception": 0.001, "distance": 0.002, "manifold": 0.002, "pixels": 0.0002}
"""Seconds to process an image on one device, by network: measured on a CPU core; estimated from operations on a GPU."""

PASS_SECONDS = 2.0
"""Fixed time of an evaluation: loading networks, comparing features."""

CPU_STARTUP, GPU_STARTUP = 10.0, 30.0
"""Seconds from the start of a job to its first iteration."""


class Training(NamedTuple):
    """Seconds per kimg, their accuracy as a factor, and their source (`kind`: see price.Rate)."""

    seconds_per_kimg: float
    spread: float
    source: str
    kind: str = "published"


def published(config: TrainConfig, resources: Resources) -> Training:
    """Return the cost of training from published numbers: an order of magnitude."""
    if not resources.gpus:
        seconds = CPU_SECONDS_PER_WORK * work(config) / resources.cpus
        return Training(seconds, 3.0, "published: StyleGAN2 on a CPU core")
    side, is_fp32 = config.data.resolution, config.generator.arithmetic.dtype == "fp32"
    table = PUBLISHED_V100_FP32 if is_fp32 else PUBLISHED_V100
    near = min(table, key=lambda row: (abs(math.log2(row[0] / side)), abs(math.log2(row[1] / resources.gpus))))
    seconds = table[near] * max(side / near[0], (side / near[0]) ** 2) * near[1] / resources.gpus
    precision = " in fp32" if is_fp32 else ""
    return Training(seconds, 2.0, f"published: {near[0]}x{near[0]} on {near[1]} V100{precision}")


def work(config: TrainConfig) -> float:
    """Return the sum of (side x channels)^2 over the generator's resolutions, proportional to its multiplications."""
    generator, resolution = config.generator, config.data.resolution
    sides = [2**power for power in range(2, int(math.log2(resolution)) + 1)]
    return float(sum((side * generator.width(side, resolution)) ** 2 for side in sides))


def startup_seconds(resources: Resources) -> float:
    """Return the time from the start of a job to its first iteration."""
    return GPU_STARTUP if resources.gpus else CPU_STARTUP


def pass_seconds(metrics: list[MetricSpec], detector: str, resources: Resources, seconds_per_kimg: float) -> float:
    """Return the time of one evaluation of a network that trains at this speed."""
    images_of: dict[str, int] = {}
    for spec in metrics:
        network = _network(spec, detector)
        images_of[network] = max(images_of.get(network, 0), _images(spec))
    features = sum(images * seconds_per_image(network, resources) for network, images in images_of.items())
    generated = max((_images(spec) for spec in metrics), default=0)
    return PASS_SECONDS + generated * seconds_per_kimg / 1000 * GENERATION_SHARE + features


def reference_seconds(metrics: list[MetricSpec], detector: str, resources: Resources, available: int) -> float:
    """Return the time to compute the features of real images, of which there are `available`; this is done once."""
    counts: dict[str, set[int]] = {}
    for spec in metrics:
        if FAMILIES[spec.family].reference:
            counts.setdefault(_network(spec, detector), set()).add(spec.real(available))
    return sum(sum(sizes) * seconds_per_image(network, resources) for network, sizes in counts.items())


def seconds_per_image(network: str, resources: Resources) -> float:
    """Return the time to process one image."""
    if resources.gpus:
        return GPU_SECONDS_PER_IMAGE[network] / min(resources.gpus, 1)
    return CPU_SECONDS_PER_IMAGE[network] / resources.cpus


def _network(spec: MetricSpec, detector: str) -> str:
    source = FAMILIES[spec.family].source
    return detector_name(detector) if source == "detector" else source


def _images(spec: MetricSpec) -> int:
    """Return the number of images a metric generates: two per path."""
    return spec.generated * (2 if spec.path else 1)
