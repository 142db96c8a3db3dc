"""The real images that a sweep's metrics compare with: those of a trial's data set, or the test images beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.sweep.trial import Trial
from trainer.config.dataset.companion import locate_test_images
from trainer.config.dataset.config import DataConfig, DataDescription
from trainer.config.dataset.describe import describe
from trainer.config.metrics.names import MetricSpec
from trainer.errors import DataError


def reference_sizes(metric: MetricSpec, trials: Sequence[Trial]) -> list[int]:
    """Return how many images the references of a metric have, each size once; sets without test images have none."""
    if not metric.test:
        return sorted({trial.config.data.images for trial in trials})
    found = [_test_images(path) for path in _sets(trials)]
    return sorted({one.images for one in found if isinstance(one, DataDescription)})


def missing_references(metric: MetricSpec, trials: Sequence[Trial]) -> Iterator[str]:
    """Yield why the test images that a metric compares with cannot be used."""
    for path, data in _sets(trials).items() if metric.test else ():
        found = _test_images(path)
        if isinstance(found, DataError):
            yield str(found)
        elif (found.resolution, found.channels) != (data.resolution, data.channels):
            yield (
                f"the test images of {path.name} are {found.resolution} pixels with {found.channels} channels, "
                f"but its images {data.resolution} with {data.channels}: prepare both in the same way"
            )


def _sets(trials: Sequence[Trial]) -> dict[Path, DataConfig]:
    return dict(sorted({trial.data_path: trial.config.data for trial in trials}.items(), key=lambda item: item[0]))


def _test_images(path: Path) -> DataDescription | DataError:
    try:
        return describe(locate_test_images(path), path.parent)
    except DataError as error:
        return error
