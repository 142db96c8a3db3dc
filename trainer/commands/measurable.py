"""Refuse metrics that are undefined on a data set before anything is measured, as `adasweep plan` does of sweeps."""

from collections.abc import Sequence
from pathlib import Path

from trainer.config.dataset.companion import locate_test_images
from trainer.config.dataset.describe import describe
from trainer.config.metrics.names import MetricSpec, parse_metric
from trainer.config.metrics.sizes import doubtful, undefined
from trainer.errors import UserError
from trainer.runtime.console import log


def doubts_about(names: Sequence[str], data: Path, detector: str) -> list[str]:
    """Return which metrics are unreliable on the images of `data`. Raises UserError for one that is undefined."""
    return [doubt for metric in map(parse_metric, names) if (doubt := _doubt(metric, data, detector))]


def tell(doubts: Sequence[str]) -> None:
    """Write what `doubts_about` returned to standard error."""
    for doubt in doubts:
        log(f"adasweep: warning: {doubt}")


def _doubt(metric: MetricSpec, data: Path, detector: str) -> str:
    real = locate_test_images(data) if metric.test else data
    images = describe(real, real.parent).images
    if why := undefined(metric, images):
        raise UserError("--metrics", f"{metric.name} is undefined: {why}", "leave it out, or ask for more images")
    why = doubtful(metric, images, detector)
    return f"{metric.name} is unreliable: {why}" if why else ""
