"""EfficientNet-Lite0 against features and logits computed in float64."""

import numpy as np
import pytest
import torch

from tests.golden.cases import golden_dir
from trainer.metrics.detectors.detector import as_rgb
from trainer.metrics.detectors.lite0 import Lite0, resized

PATH = golden_dir() / "14_detector.npz"
ABSOLUTE = 1e-3


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    if not PATH.exists():
        pytest.skip(f"{PATH} is missing")
    with np.load(PATH, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


@pytest.fixture(scope="module")
def images(arrays: dict[str, np.ndarray]) -> torch.Tensor:
    stored = torch.from_numpy(arrays["images_u8"])
    return stored[:, None] if stored.ndim == 3 else stored


@pytest.fixture(scope="module")
def lite0() -> Lite0:
    return Lite0()


def error(mine: torch.Tensor, golden: np.ndarray) -> float:
    assert mine.shape == golden.shape
    return float((mine - torch.from_numpy(golden)).abs().max())


def test_resized_images(arrays: dict[str, np.ndarray], images: torch.Tensor) -> None:
    golden = arrays["resized"]
    assert error(as_rgb(resized(images[: len(golden)])), golden) <= ABSOLUTE


def test_features(arrays: dict[str, np.ndarray], images: torch.Tensor, lite0: Lite0) -> None:
    assert error(lite0.features(images), arrays["features"]) <= ABSOLUTE


def test_logits(arrays: dict[str, np.ndarray], images: torch.Tensor, lite0: Lite0) -> None:
    golden = arrays["logits"]
    assert error(lite0.logits(lite0.features(images[: len(golden)])), golden) <= ABSOLUTE


def test_probabilities_are_the_softmax_of_the_logits(
    arrays: dict[str, np.ndarray], images: torch.Tensor, lite0: Lite0
) -> None:
    golden = torch.from_numpy(arrays["logits"]).double().softmax(1).numpy()
    assert error(lite0.outputs(images[: len(golden)]).probabilities, golden) <= ABSOLUTE
