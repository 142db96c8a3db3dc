"""EfficientNet-Lite0 against features and logits computed in float64."""

import numpy as np
import pytest
import torch

from tests.golden.cases import load, stored
from trainer.metrics.detectors.detector import as_rgb
from trainer.metrics.detectors.lite0 import Lite0, resized

FILE = "14_detector.npz"
_, ARRAYS = load(FILE)
ABSOLUTE = 1e-3


def images() -> torch.Tensor:
    """Return the stored images [n c h w]."""
    found = torch.from_numpy(stored(ARRAYS, "images_u8")["images_u8"])
    return found[:, None] if found.ndim == 3 else found


def golden(name: str) -> np.ndarray:
    return stored(ARRAYS, name)[name]


@pytest.fixture(scope="module")
def lite0() -> Lite0:
    return Lite0()


def error(mine: torch.Tensor, wanted: np.ndarray) -> float:
    assert mine.shape == wanted.shape
    return float((mine - torch.from_numpy(wanted)).abs().max())


def test_resized_images() -> None:
    wanted = golden("resized")
    assert error(as_rgb(resized(images()[: len(wanted)])), wanted) <= ABSOLUTE


def test_features(lite0: Lite0) -> None:
    wanted = golden("features")
    assert error(lite0.features(images()[: len(wanted)]), wanted) <= ABSOLUTE


def test_logits(lite0: Lite0) -> None:
    wanted = golden("logits")
    assert error(lite0.logits(lite0.features(images()[: len(wanted)])), wanted) <= ABSOLUTE


def test_probabilities_are_the_softmax_of_the_logits(lite0: Lite0) -> None:
    wanted = torch.from_numpy(golden("logits")).double().softmax(1).numpy()
    assert error(lite0.outputs(images()[: len(wanted)]).probabilities, wanted) <= ABSOLUTE
