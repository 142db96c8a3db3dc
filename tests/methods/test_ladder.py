"""StyleGAN2's ladder: each configuration is the previous one with one change; the variants of its Table 4."""

from typing import Any

import pytest
import torch

from trainer.config.dataset.config import DataDescription
from trainer.config.networks.stylegan2 import StyleGan2Generator
from trainer.config.networks.stylegan_progan import StyleGanGenerator
from trainer.config.presets.rivals import RIVALS
from trainer.config.progressive_growing import ProgressiveGrowing
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig
from trainer.model.growing.adain import adain
from trainer.model.growing.synthesis import GrowingGenerator
from trainer.model.modulated import SynthesisLayer
from trainer.objectives.losses import path_length_penalty, path_lengths
from trainer.registry import build

MILLION = 1e6
STYLES: dict[str, Any] = {"z_dim": 8, "w_dim": 8, "mapping_layers": 2, "channel_base": 128, "channel_max": 8}


def config(preset: str, resolution: int = 1024, **settings: Any) -> TrainConfig:
    data = DataDescription(name="s", fingerprint="0" * 16, images=1000, resolution=resolution, channels=3, classes=10)
    return resolve({"preset": preset, **settings}, data)


def changes(before: str, after: str) -> set[str]:
    """The settings in which two configurations differ."""

    def leaves(tree: Any, path: str = "") -> dict[str, Any]:
        if not isinstance(tree, dict):
            return {path: tree}
        return {k: v for key, value in tree.items() for k, v in leaves(value, f"{path}.{key}").items()}

    first, second = (leaves(config(f"stylegan2-{name}").model_dump(mode="json")) for name in (before, after))
    return {path[1:] for path in first.keys() | second.keys() if first.get(path) != second.get(path)}


def test_a_step_of_the_ladder_is_one_change() -> None:
    assert changes("a", "b") == {"generator.style"}
    assert changes("b", "c") == {"discriminator_optimizer.regularize_every"}
    assert changes("c", "d") == {"objective.path_length_weight", "generator_optimizer.regularize_every"}
    assert changes("e", "f") == {"generator.channel_base", "discriminator.channel_base", "objective.r1_gamma"}


def test_only_the_first_four_grow() -> None:
    grow = {
        name: any(isinstance(method, ProgressiveGrowing) for method in config(f"stylegan2-{name}").methods)
        for name in "abcdef"
    }
    assert grow == {"a": True, "b": True, "c": True, "d": True, "e": False, "f": False}
    assert config("stylegan2-a").batch_schedule.batches[:4] == (256, 128, 64, 32)


@pytest.mark.parametrize(
    ("preset", "millions"),
    [("stylegan2-a", 26.2), ("stylegan2-d", 24.9), ("stylegan2-f", 30.4), ("progan", 23.1)],
)
def test_generators_have_the_published_number_of_parameters(preset: str, millions: float) -> None:
    with torch.device("meta"):
        network = build(config(preset).generator, 1024, 3, 0)
    assert round(sum(p.numel() for p in network.parameters()) / MILLION, 1) == millions


@pytest.mark.parametrize("preset", RIVALS)
def test_every_preset_resolves(preset: str) -> None:
    small = config(preset, resolution=128)
    assert TrainConfig.model_validate(small.model_dump(mode="json")) == small
    assert all(batch % small.micro_batch == 0 for batch in small.batch_schedule.batches)


def test_styles_set_mean_and_deviation_of_every_map() -> None:
    x = torch.randn(2, 3, 8, 8) * 5 + 1
    scale, shift = torch.randn(2, 3), torch.randn(2, 3)
    y = adain(x, torch.cat([scale, shift], dim=1))
    torch.testing.assert_close(y.mean(dim=(2, 3)), shift, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(y.std(dim=(2, 3), unbiased=False), (1 + scale).abs(), rtol=1e-4, atol=1e-5)


def test_spectral_norm_of_the_generator_reaches_one_and_leaves_other_layers() -> None:
    torch.manual_seed(0)
    network = build(StyleGan2Generator(spectral_norm=True, demodulate=False, **STYLES), 16, 3, 0)
    for _ in range(50):
        network.advance()
    layers = [layer for layer in network.modules() if isinstance(layer, SynthesisLayer)]
    for layer in layers:
        assert layer.weight_norm is not None
        normed = layer.weight_norm(layer.weight).flatten(1)
        assert torch.linalg.matrix_norm(normed, 2).item() == pytest.approx(1, abs=1e-3)
    vectors = {name for name in network.state_dict() if name.endswith("weight_norm.u")}
    assert len(vectors) == len(layers) == 5


@pytest.mark.parametrize("spectral_norm", [True, False])
def test_demodulation_takes_the_scale_of_a_weight_out_and_is_missed_without(spectral_norm: bool) -> None:
    z, c = torch.randn(2, 8), torch.zeros(2, 0)
    same = {}
    for demodulate in (True, False):
        torch.manual_seed(0)
        network = build(StyleGan2Generator(demodulate=demodulate, spectral_norm=spectral_norm, **STYLES), 16, 3, 0)
        before = network(z, c, noise_mode="none")
        with torch.no_grad():
            network.synthesis.b8.conv1.weight.mul_(3)
        same[demodulate] = torch.allclose(network(z, c, noise_mode="none"), before, atol=1e-4)
    assert same == {True: True, False: spectral_norm}


def test_variants_of_table_4_are_settings_of_config_f() -> None:
    plain = config("stylegan2-f")
    variant = config(
        "stylegan2-f",
        generator={"spectral_norm": True, "demodulate": False},
        methods="spectral-norm",
        objective={"path_length_weight": 0},
    )
    assert "spectral_norm" not in plain.generator.model_dump()
    assert variant.generator.model_dump()["spectral_norm"] is True
    assert variant.generator.model_dump()["demodulate"] is False


PATHS: dict[str, Any] = {
    "adain": StyleGanGenerator(**STYLES),
    "demodulation": StyleGanGenerator(style="demodulation", **STYLES),
    "spectral-norm": StyleGan2Generator(spectral_norm=True, demodulate=False, **STYLES),
    "no-demodulation": StyleGan2Generator(demodulate=False, **STYLES),
}


@pytest.mark.parametrize("name", PATHS)
def test_second_order_gradient_of_path_lengths_agrees_with_finite_differences(name: str) -> None:
    torch.manual_seed(0)
    network = build(PATHS[name], 16, 3, 0).double()
    if isinstance(network, GrowingGenerator):
        network.set_level(3.4)
    z, c, y = torch.randn(2, 8).double(), torch.zeros(2, 0).double(), torch.randn(2, 3, 16, 16).double() / 16
    parameters = [p for p in network.synthesis.parameters() if p.ndim > 1]
    directions = [torch.randn_like(p) for p in parameters]
    with torch.no_grad():
        torch._foreach_add_(parameters, [torch.randn_like(p) for p in parameters], alpha=0.3)  # no map is constant
    for _ in range(300):
        network.advance()

    def loss() -> torch.Tensor:
        ws = network.mapping(z, c)
        lengths = path_lengths(network.synthesis(ws, "none"), ws, y)
        return path_length_penalty(lengths, torch.zeros([])).mean()

    gradients = torch.autograd.grad(loss(), parameters, allow_unused=True)
    wanted = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True) if g is not None)
    values, step = [], 1e-6
    for sign in (1, -2):
        with torch.no_grad():
            torch._foreach_add_(parameters, directions, alpha=sign * step)
        values.append(loss().item())
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(wanted, rel=1e-4)
    assert abs(wanted) > 1e-6
