"""The share of generated images that look augmented: leaked augmentations (cf. Karras et al. 2020, Fig. 3).

For each change (a rotation, a shift, other colours), a linear classifier of features is trained on one half of the real
images to separate them from changed ones, and tested on the other half. It then classifies a share s of the generated
images as changed. With its false and true positive rates f and t, the leaked share is

    (s - f) / (t - f)

(Rogan and Gladen 1978). If t - f is below 0.2, the change cannot be recognised, such as a mirror image of a symmetric
object, and the score is NaN.
"""

from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from trainer.evaluation.real_features import chosen
from trainer.evaluation.samples import BATCH, Samples
from trainer.metrics.detectors import Detector
from trainer.probes.context import ProbeContext, ProbeResults
from trainer.probes.image_changes import CHANGES, ImageChange

COUNT: Final = 2000
RIDGE: Final = 1.0
LEAST_DIFFERENCE: Final = 0.2

Features32 = Float32[np.ndarray, "n d"]


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `change` [k] by name, `leaked` [k], `told` [k] (t - f), and mean and deviation of every channel."""
    count = count or COUNT
    whole = context.train_set.whole
    real = whole.images(chosen(len(whole), count))
    made = torch.cat([b.images for b in Samples(context.generator, context.train_set, context.seed).images(count)])[
        :count
    ]
    features = (
        features_of(context.feature_networks.detector, real),
        features_of(context.feature_networks.detector, made),
    )
    scores = []
    for name, change in CHANGES.items():
        context.progress(f"leak of {name}")
        scores.append(_score(context.feature_networks.detector, *features, real, change))
    leaked, recognised = np.array(scores).T
    return ProbeResults(
        {
            "change": np.array(list(CHANGES)),
            "leaked": leaked,
            "told": recognised,
            "real_colours": _colours(real),
            "generated_colours": _colours(made),
        }
    )


def features_of(detector: Detector, images: Tensor) -> Features32:
    """Return the features of images."""
    rows: Features32 = np.concatenate([detector.features(part).numpy() for part in images.split(BATCH)])
    return rows


def _score(
    detector: Detector, real: Features32, made: Features32, images: Tensor, change: ImageChange
) -> tuple[float, float]:
    changed = change(images)
    if torch.equal(changed, images):
        return float("nan"), 0.0
    return leaked_share(real, features_of(detector, changed), made)


def leaked_share(real: Features32, changed: Features32, made: Float32[np.ndarray, "m d"]) -> tuple[float, float]:
    """Return the share of `made` that is changed, between 0 and 1, and t - f.

    Row i of `changed` belongs to row i of `real`: both are split at the same row, so that no image is in both halves.
    """
    half = len(real) // 2
    is_changed = classifier(real[:half], changed[:half])
    false_positives, true_positives = is_changed(real[half:]).mean(), is_changed(changed[half:]).mean()
    difference = float(true_positives - false_positives)
    if difference < LEAST_DIFFERENCE:
        return float("nan"), difference
    return float(np.clip((is_changed(made).mean() - false_positives) / difference, 0, 1)), difference


def classifier(first: Features32, second: Features32) -> "Classifier":
    """Return a classifier of rows like `second` against rows like `first`: ridge regression on standardised rows."""
    rows = np.concatenate([first, second]).astype(np.float64)
    mean, scale = rows.mean(0), rows.std(0) + 1e-6
    x = (rows - mean) / scale
    y = np.concatenate([-np.ones(len(first)), np.ones(len(second))])
    if len(x) > x.shape[1]:
        weights = np.linalg.solve(x.T @ x + RIDGE * len(x) * np.eye(x.shape[1]), x.T @ y)
    else:
        weights = x.T @ np.linalg.solve(x @ x.T + RIDGE * len(x) * np.eye(len(x)), y)
    return Classifier(mean, scale, weights)


class Classifier:
    """Returns whether each row is of the second kind."""

    def __init__(self, mean: np.ndarray, scale: np.ndarray, weights: np.ndarray) -> None:
        self._mean, self._scale, self._weights = mean, scale, weights

    def __call__(self, rows: Features32) -> Bool[np.ndarray, " n"]:
        answer: Bool[np.ndarray, " n"] = ((rows - self._mean) / self._scale) @ self._weights > 0
        return answer


def _colours(images: Tensor) -> Float[np.ndarray, "2 c"]:
    pixels = images.double()
    return torch.stack([pixels.mean((0, 2, 3)), pixels.std((0, 2, 3))]).numpy()
