"""The price of probing a snapshot: from earlier jobs with the same probes, else from the operations of each probe."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.plan.evaluation_price import MEASURED_SPREAD, Evaluation, ToMeasure
from orchestrator.plan.published import GENERATION_SHARE, PASS_SECONDS, seconds_per_image
from orchestrator.store.timing import Timing
from trainer.config.job import Resources
from trainer.config.metrics.names import detector_name
from trainer.config.probes import PROBES, ProbeSpec, parse_probe
from trainer.config.train import TrainConfig

OPERATIONS_SPREAD = 4.0
"""Accuracy (as a factor) of a price from operations."""

FULL_STEPS = 1000
"""Steps of a projection (Karras et al. 2020b, App. D)."""

BACKWARD = 3.0
"""Time of a forward and a backward pass, in forward passes."""


class Operations(NamedTuple):
    """What a probe does for each thing that it measures: images generated, passes of two networks, further seconds."""

    generated: float = 0.0
    detected: float = 0.0
    compared: float = 0.0
    seconds: float = 0.0


OPERATIONS: dict[str, Operations] = {
    "gradients": Operations(generated=1 + 2 * BACKWARD),
    "mean-image": Operations(generated=1),
    "leak": Operations(generated=1, detected=9),  # as they are, real, and after each of seven changes
    "trgb": Operations(generated=1),
    "jacobian": Operations(generated=2 * BACKWARD),  # of each dimension of w
    "image-ppl": Operations(generated=4, compared=2),  # two images of a step, made again for the sheets
    "projection": Operations(generated=2 * BACKWARD, compared=2 * BACKWARD),  # of each step: a real, a generated image
    "noise-maps": Operations(
        generated=4 * BACKWARD, compared=4 * BACKWARD
    ),  # the same, with and without regularisation
    "uncurated": Operations(generated=2),
    "truncation": Operations(generated=9, detected=9),  # for each of eight psi, or nine thresholds
    "fid-floor": Operations(seconds=1),  # a distance of two Gaussians
    "invertibility": Operations(seconds=0.05),
}


def probing_of(
    asked: ToMeasure,
    config: TrainConfig,
    resources: Resources,
    seconds_per_kimg: float,
    timings: Sequence[Timing],
) -> Evaluation:
    """Return the price of all probes of one snapshot of a network that trains at this speed."""
    same = [one.per_probed_snapshot for one in timings if _is_the_same(one, asked, resources)]
    known = [seconds for seconds in same if seconds is not None]
    if known:
        return Evaluation(statistics.median(known), MEASURED_SPREAD, "history")
    specs = map(parse_probe, asked.probes)
    seconds = sum(_seconds(spec, config, asked.detector, resources, seconds_per_kimg / 1000) for spec in specs)
    return Evaluation(seconds, OPERATIONS_SPREAD, "published")


def _seconds(spec: ProbeSpec, config: TrainConfig, detector: str, resources: Resources, per_image: float) -> float:
    """Return the time of a probe, given that of training on one image."""
    each = OPERATIONS[spec.name]
    generated = each.generated * per_image * GENERATION_SHARE
    detected = each.detected * seconds_per_image(detector_name(detector), resources)
    compared = each.compared * seconds_per_image("distance", resources)
    count = (spec.images or PROBES[spec.name].images) * _times(spec, config)
    return PASS_SECONDS + count * (generated + detected + compared + each.seconds)


def _times(spec: ProbeSpec, config: TrainConfig) -> int:
    """Return how many times a probe does its operations for each image."""
    if PROBES[spec.name].projects:
        return spec.steps or FULL_STEPS
    return int(getattr(config.generator, "w_dim", 1)) if spec.name == "jacobian" else 1


def _is_the_same(timing: Timing, asked: ToMeasure, resources: Resources) -> bool:
    options, had = timing.job.options, timing.job.resources
    return (set(options.probes), options.detector) == (set(asked.probes), asked.detector) and bool(had.gpus) == bool(
        resources.gpus
    )
