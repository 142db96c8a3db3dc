"""Precision and recall use the VGG16 of the papers where its file is the distance; here one with random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.metrics.features import NoiseImages, QuarterMeans, Subject
from trainer.config.metrics.names import parse_metric, value_names
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.metrics.detectors import DetectorError
from trainer.metrics.detectors.vgg16 import Vgg16
from trainer.metrics.precision_recall import precision_recall


class RandomVgg16(nn.Module):
    """The interface of the papers' file, with one small layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolution = nn.Conv2d(3, 6, 3, stride=2)

    def forward(
        self, img: Tensor, resize_images: bool = True, return_features: bool = False, return_lpips: bool = False
    ) -> Tensor:
        assert resize_images != return_lpips
        x: Tensor = self.convolution(img / 255 - 0.5)
        features: Tensor = x.mean((2, 3)).relu()
        distances: Tensor = x.flatten(1)
        classes: Tensor = features.softmax(1)
        return features if return_features else distances if return_lpips else classes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vgg16.pt"
    torch.jit.script(RandomVgg16()).save(str(path))
    return path


def test_features_are_those_of_the_files_last_hidden_layer(file: Path) -> None:
    images = NoiseImages(count=5).images(np.arange(5))
    network = Vgg16(file)
    with torch.no_grad():
        expected = RandomVgg16()(images.float().expand(-1, 3, -1, -1), return_features=True)
    assert network.feature_dim == 6
    torch.testing.assert_close(network.features(images), expected)


def test_precision_and_recall_are_of_vgg16_and_fid_of_the_detector(file: Path, tmp_path: Path) -> None:
    networks = FeatureNetworks(QuarterMeans(), f"vgg16:{file}")
    names = ("fid40", "pr40")
    values = {value.metric: value for value in evaluate(Subject(), NoiseImages(), names, networks, tmp_path)}
    assert list(values) == ["fid40-lite0", "pr40_precision-vgg16", "pr40_recall-vgg16"]
    vgg16 = Vgg16(file)
    real = vgg16.features(NoiseImages().images(np.random.RandomState(0).permutation(60)[:40])).numpy()
    generated = torch.cat([vgg16.features(batch.images) for batch in Subject().images(40)]).numpy()
    expected = precision_recall(real, generated)
    assert values["pr40_precision-vgg16"].value == expected.precision
    assert values["pr40_recall-vgg16"].value == expected.recall
    assert values["pr40_recall-vgg16"].identity != values["fid40-lite0"].identity


def test_without_the_file_precision_and_recall_are_of_the_detector() -> None:
    spec = parse_metric("pr50k3")
    assert value_names(spec, "inception:/it.pt") == ("pr50k3_precision-inception", "pr50k3_recall-inception")
    assert value_names(spec, "inception:/it.pt", "vgg16:/it.pt")[0] == "pr50k3_precision-vgg16"


def test_a_missing_or_wrong_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="there is no file"):
        Vgg16(tmp_path / "vgg16.pt")
    (tmp_path / "vgg16.pt").write_bytes(b"weights")
    with pytest.raises(DetectorError, match="is not a TorchScript file"):
        Vgg16(tmp_path / "vgg16.pt")
