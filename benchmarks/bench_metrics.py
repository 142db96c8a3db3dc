"""Speed-up of the metrics over their plain forms, measured side by side in one run.

python -m benchmarks.bench_metrics           prints one table: CPU seconds, least of a few warm runs, one thread
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.plain_lite0 import PlainLite0
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.samples import BATCH, ImageBatch, PathSteps, Share
from trainer.metrics.detectors.lite0 import Lite0
from trainer.metrics.fid import frechet_distance
from trainer.metrics.kid import draw_subsets, mmd2, subset_distances
from trainer.metrics.moments import gaussian_of

DIMS = (64, 1280, 2048)
KERNEL = torch.randn(32, 32, 3, 3, generator=torch.Generator().manual_seed(0)) / 17


class Row(NamedTuple):
    """One comparison: CPU seconds of the plain form and of ours, and how far their results differ."""

    what: str
    plain_seconds: float
    our_seconds: float
    difference: float

    @property
    def ratio(self) -> float:
        return self.plain_seconds / self.our_seconds


def cpu_seconds(work: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Return the least CPU time of `runs` runs, and the result."""
    times = []
    for _ in range(runs):
        started = time.process_time()
        result = work()
        times.append(time.process_time() - started)
    return min(times), result


def compared(what: str, plain: Callable[[], Any], ours: Callable[[], Any], runs: int = 1) -> Row:
    """Return one row; its difference is max |ours - plain| / max |plain|."""
    our_seconds, mine = cpu_seconds(ours, runs)
    plain_seconds, theirs = cpu_seconds(plain, runs)
    mine, theirs = np.asarray(mine, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    return Row(what, plain_seconds, our_seconds, float(np.abs(mine - theirs).max() / np.abs(theirs).max()))


def fid_by_matrix_root(real: np.ndarray, generated: np.ndarray) -> float:
    """FID as usually computed: two dense covariances and scipy's matrix square root."""
    shift = real.mean(0) - generated.mean(0)
    first, second = np.cov(real, rowvar=False, bias=True), np.cov(generated, rowvar=False, bias=True)
    root = np.real(np.trace(scipy.linalg.sqrtm(first @ second)))
    return float(shift @ shift + np.trace(first) + np.trace(second) - 2 * root)


def fid_rows() -> Iterator[Row]:
    """Compare FID from features, with fewer and more images than dimensions, also with the reference's root cached."""
    for dim in DIMS:
        for count in (dim // 2, 2 * dim):
            random = np.random.default_rng(0)
            mixing = random.normal(size=(dim, dim)) / dim**0.5
            real, generated = (random.normal(size=(count, dim)) @ mixing for _ in range(2))
            reference = gaussian_of(real)
            reference.root  # noqa: B018

            def plain(real: np.ndarray = real, generated: np.ndarray = generated) -> float:
                return fid_by_matrix_root(real, generated)

            def ours(real: np.ndarray = real, generated: np.ndarray = generated) -> float:
                return frechet_distance(gaussian_of(real), gaussian_of(generated))

            def cached(reference: Any = reference, generated: np.ndarray = generated) -> float:
                return frechet_distance(reference, gaussian_of(generated))

            yield compared(f"FID, {count} images of {dim} features", plain, ours)
            yield compared(f"FID, {count} images of {dim} features, reference cached", plain, cached)


def kid_row() -> Row:
    """Compare KID of 2,000 images, 100 subsets of 1,000, with a loop over the subsets."""
    random = np.random.default_rng(0)
    real, generated = (random.normal(size=(2000, 1280)) for _ in range(2))
    drawn = draw_subsets(2000, 2000, subsets=100, subset_size=1000, seed=0)
    few = draw_subsets(2000, 2000, subsets=5, subset_size=1000, seed=0)

    def each_alone() -> list[float]:
        pairs = zip(few.real, few.generated, strict=True)
        return [mmd2(real[r], generated[g]) for r, g in pairs]

    row = compared("KID, 2000 images, 100 subsets", each_alone, lambda: subset_distances(real, generated, drawn)[:5])
    return row._replace(plain_seconds=row.plain_seconds * 20)


def images(count: int, size: int = 32) -> Tensor:
    """Return smooth random grey images."""
    coarse = torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 255
    return torch.nn.functional.interpolate(coarse, (size, size), mode="bilinear").to(torch.uint8)


def feature_row() -> Row:
    """Compare the features of 128 images with a plain eager loop in batches of 64."""
    plain, ours, batch = PlainLite0(), Lite0(), images(128)
    row = compared(
        "features",
        lambda: torch.cat([plain.features(part) for part in torch.split(batch, 64)]),
        lambda: ours.features(batch),
        runs=4,
    )
    speeds = [len(batch) / seconds for seconds in (row.plain_seconds, row.our_seconds)]
    return row._replace(what=f"features of {len(batch)} images ({speeds[0]:.0f} and {speeds[1]:.0f} images/s)")


class Images:
    """A reference set of smooth random images."""

    fingerprint = "0" * 16

    def __init__(self, count: int) -> None:
        self._images = images(count)

    def __len__(self) -> int:
        return len(self._images)

    def images(self, indices: np.ndarray) -> Tensor:
        return self._images[torch.from_numpy(indices)]


class FakeGenerator:
    """Yields random images, after as much arithmetic as a StyleGAN2 of 32x32 needs for each."""

    def images(self, count: int, share: Share) -> Iterator[ImageBatch]:
        made = images(count)
        for start in range(share.first * BATCH, count, share.of * BATCH):
            part = made[start : start + BATCH]
            wide = part.float().expand(-1, 32, -1, -1)
            for _ in range(4):
                wide = torch.nn.functional.conv2d(wide, KERNEL, padding=1)
            yield ImageBatch(start, part)

    def paths(self, count: int, _: str, share: Share) -> Iterator[PathSteps]:
        raise NotImplementedError("no path length is measured here")


def evaluation_row(count: int = 500) -> Row:
    """Compare one evaluation of seven metrics with seven evaluations, with the reference cached for both."""
    families = ("fid", "kid", "pr", "is", "swd", "msssim")
    names = (*(f"{family}{count}" for family in families), f"fid{count // 2}")
    reference, feature_networks = Images(count), FeatureNetworks(Lite0())

    with tempfile.TemporaryDirectory() as folder:

        def values(metrics: tuple[str, ...]) -> list[float]:
            found = evaluate(FakeGenerator(), reference, metrics, feature_networks, Path(folder))
            return [value.value for value in found]

        values(names)
        return compared(
            f"evaluation of {len(names)} metrics, {count} images",
            lambda: [value for name in names for value in values((name,))],
            lambda: values(names),
        )


def rows() -> Iterator[Row]:
    """Yield all comparisons as they are measured."""
    yield from fid_rows()
    yield kid_row()
    yield feature_row()
    yield evaluation_row()


def main() -> None:
    """Print one table."""
    torch.set_num_threads(1)
    table = Table("what", "plain, s", "ours, s", "plain / ours", "relative difference", title="Metrics, CPU seconds")
    for row in rows():
        table.add_row(
            row.what, f"{row.plain_seconds:.3f}", f"{row.our_seconds:.3f}", f"{row.ratio:.1f}", f"{row.difference:.0e}"
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
