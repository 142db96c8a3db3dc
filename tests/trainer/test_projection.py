"""Projection into W, and the perceptual distances it uses."""

from pathlib import Path

import pytest
import safetensors.torch
import torch
from PIL import Image

from tests.support.trials import TINY, TrialMaker
from trainer.__main__ import main
from trainer.attempt.assemble import make_parts
from trainer.config.dataset.describe import describe
from trainer.config.resolve import resolve
from trainer.model.generator import Generator
from trainer.perceptual import distance, load_features
from trainer.perceptual.distance import PerceptualError, as_seen
from trainer.projection.noise_maps import autocorrelation, normalize_, pyramid, regularization
from trainer.projection.projector import Projector
from trainer.projection.schedule import Schedule
from trainer.record import RunDir
from trainer.state.snapshot import save_snapshot


@pytest.fixture
def snapshot(trials: TrialMaker) -> Path:
    config = resolve(TINY, describe(trials.data, trials.root))
    return save_snapshot(RunDir(trials.root / "run"), config, make_parts(config, torch.device("cpu")).state)


def test_learning_rate_ramps_up_and_down() -> None:
    rate = Schedule().learning_rate
    assert [rate(0), rate(25), rate(50), rate(400), rate(750)] == pytest.approx([0, 0.05, 0.1, 0.1, 0.1])
    assert rate(875) == pytest.approx(0.05)
    assert rate(999) < 1e-5


def test_noise_on_w_ends_after_three_quarters() -> None:
    scale = Schedule().noise_scale
    assert [scale(0), scale(375), scale(750), scale(900)] == pytest.approx([0.05, 0.0125, 0, 0])


def test_white_noise_is_hardly_correlated_and_a_picture_is() -> None:
    torch.manual_seed(0)
    noise = torch.randn(64, 64)
    ramp = torch.linspace(-1.7, 1.7, 64).expand(64, 64).contiguous()
    assert autocorrelation(noise) < 0.01
    assert autocorrelation(ramp) > 1
    assert regularization([noise]) < regularization([ramp])


def test_pyramid_keeps_unit_variance_down_to_eight() -> None:
    torch.manual_seed(0)
    levels = list(pyramid(torch.randn(256, 256)))
    assert [level.shape[-1] for level in levels] == [256, 128, 64, 32, 16, 8]
    assert all(level.var() == pytest.approx(1, abs=0.35) for level in levels)
    assert [level.shape[-1] for level in pyramid(torch.randn(4, 4))] == [4]


def test_normalized_map_has_zero_mean_and_unit_variance() -> None:
    noise = torch.rand(16, 16) * 3 + 1
    normalize_(noise)
    assert noise.mean().item() == pytest.approx(0, abs=1e-5)
    assert noise.square().mean().item() == pytest.approx(1, abs=1e-4)


def test_distance_grows_with_damage_and_forgives_a_shift() -> None:
    torch.manual_seed(0)
    coarse = torch.rand(1, 3, 8, 8) * 255
    image = torch.nn.functional.interpolate(coarse, (64, 64), mode="bicubic").clamp(0, 255)
    features = load_features("stlpips")
    reference = features(image)

    def to(other: torch.Tensor) -> float:
        return distance(features(other.clamp(0, 255)), reference).item()

    little, much, shifted = (
        to(image + 10 * torch.randn_like(image)), to(image + 60 * torch.randn_like(image)), to(image.roll(1, dims=3))
    )  # fmt: skip
    assert to(image) == 0
    assert 0 < little < much
    assert shifted < much / 4


def test_images_of_any_kind_are_seen() -> None:
    assert as_seen(torch.zeros(2, 1, 16, 16)).shape == (2, 3, 16, 16)
    assert as_seen(torch.zeros(1, 4, 512, 512)).shape == (1, 3, 256, 256)
    assert as_seen(torch.ones(1, 3, 16, 16)).max() == 255.5


class Pixels:
    """Squared differences of pixels as a distance: a fake that needs no network."""

    name = "pixels"

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1) / 255


def test_projection_finds_an_image_of_the_generator(snapshot: Path) -> None:
    from trainer.images.latents import load_generator, z_of_seeds

    generator, same = (load_generator(snapshot) for _ in range(2))
    assert isinstance(generator, Generator)
    assert isinstance(same, Generator)
    c = torch.zeros(1, 0)
    with torch.no_grad():
        target = generator.synthesis(generator.mapping(z_of_seeds([3], generator.z_dim), c), "const")
    seen: list[float] = []
    found = Projector(generator, Pixels(), c).project(target, Schedule(60), lambda _s, left, _i: seen.append(left))
    assert len(seen) == 60
    assert found.distance < seen[0] / 20
    assert found.w.shape == (1, generator.w_dim)
    assert all(abs(noise.mean()) < 1e-4 for noise in found.noises.values())
    again = Projector(same, Pixels(), c).project(target, Schedule(60))
    assert torch.equal(again.w, found.w)


def test_command_writes_what_it_found(snapshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.effect_noise((40, 24), 80).save(tmp_path / "photo.png")
    out = tmp_path / "out"
    assert main(["project", str(snapshot), str(tmp_path / "photo.png"), str(out), "--steps", "5"]) == 0
    tensors = safetensors.torch.load_file(out / "projection.safetensors")
    assert tensors["w"].shape == (1, 8)
    assert tensors["noise/b16.conv1.noise_const"].shape == (16, 16)
    assert Image.open(out / "projected.png").size == Image.open(out / "target.png").size == (16, 16)
    assert Image.open(out / "noise.png").size == (16 * 5, 16)
    assert "(stlpips-alex) after 5 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [("lpips", "no distance is called 'lpips'; choose one of stlpips"), ("vgg16:/no/file.pt", "there is no file")],
)
def test_unknown_distance_is_one_line(name: str, message: str) -> None:
    with pytest.raises(PerceptualError, match=message):
        load_features(name)


def test_a_file_that_is_not_an_image_is_one_line(
    snapshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["project", str(snapshot), str(snapshot), str(tmp_path / "out")]) == 2
    assert "is damaged" in capsys.readouterr().err
