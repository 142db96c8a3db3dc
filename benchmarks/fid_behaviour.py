"""How FID responds to increasing damage of the images: numbers and a plot.

python -m benchmarks.fid_behaviour build/fid_behaviour

Half A of the 10,000 embedded photographs serves as the real images. Half B is compared with it undamaged, blurred, with
noise, and with classes left out; other random halvings show the spread of the undamaged FID.
"""

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.metrics.features import fashion_classes, fashion_images
from trainer.metrics.detectors.lite0 import Lite0
from trainer.metrics.fid import fid

HALF = 5000
HALVINGS = 5
AMOUNTS = {
    "blur, standard deviation in pixels": (0.5, 1.0, 1.5, 2.0),
    "noise, standard deviation of 255": (5.0, 10.0, 20.0, 40.0),
    "classes left out of 10": (2, 4, 6, 8),
}


class Point(NamedTuple):
    """FID of damaged images against the undamaged half."""

    damage: str
    amount: float
    fid: float


def blurred(images: Tensor, _: Tensor, sigma: float) -> Tensor:
    """Return images blurred by a Gaussian."""
    taps = torch.exp(-0.5 * (torch.arange(-8, 9) / sigma) ** 2)
    kernel = torch.outer(taps, taps)[None, None] / taps.sum() ** 2
    return F.conv2d(images.float(), kernel, padding=8).round().to(torch.uint8)


def noisy(images: Tensor, _: Tensor, sigma: float) -> Tensor:
    """Return images with white noise."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0)) * sigma
    return (images + noise).clamp(0, 255).to(torch.uint8)


def dropped(images: Tensor, classes: Tensor, out: float) -> Tensor:
    """Return as many images, without the first `out` classes; the rest are repeated as needed."""
    left = images[classes >= out]
    return left.repeat(-(-len(images) // len(left)), 1, 1, 1)[: len(images)]


DAMAGES: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = dict(
    zip(AMOUNTS, (blurred, noisy, dropped), strict=True)
)


def points() -> Iterator[Point]:
    """Yield the FID between undamaged halves, and of half B with every damage against half A."""
    detector, random = Lite0(), np.random.default_rng(0)
    order = random.permutation(2 * HALF)
    images, classes = torch.from_numpy(fashion_images()[order]), torch.from_numpy(fashion_classes()[order])
    features = detector.features(images).numpy()
    half_b = images[HALF:], classes[HALF:]
    for number in range(HALVINGS):
        halved = features if number == 0 else random.permutation(features)
        yield Point("none", number, fid(halved[:HALF], halved[HALF:]))
    for damage, change in DAMAGES.items():
        for amount in AMOUNTS[damage]:
            changed = change(*half_b, amount)
            yield Point(damage, amount, fid(features[:HALF], detector.features(changed).numpy()))


def draw(found: list[Point], path: Path) -> None:
    """Draw one panel per damage, with the FID of undamaged halves as a band."""
    figure, axes = plt.subplots(1, len(AMOUNTS), figsize=(9, 2.8), sharey=True, layout="constrained")
    same = [point.fid for point in found if point.damage == "none"]
    for axis, damage in zip(axes, AMOUNTS, strict=True):
        rows = [point for point in found if point.damage == damage]
        axis.plot([0, *(row.amount for row in rows)], [same[0], *(row.fid for row in rows)], marker="o")
        axis.axhspan(min(same), max(same), alpha=0.3, label=f"undamaged, {HALVINGS} halvings")
        axis.set(xlabel=damage, yscale="log")
    axes[0].set_ylabel(f"FID (lite0, {HALF} vs {HALF})")
    axes[0].legend()
    figure.savefig(path, dpi=120)


def main(folder: Path) -> None:
    """Write fid_behaviour.csv and fid_behaviour.png."""
    torch.set_num_threads(1)
    found = list(points())
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "fid_behaviour.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([Point._fields, *found])
    draw(found, folder / "fid_behaviour.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
