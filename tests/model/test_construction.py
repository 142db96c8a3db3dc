"""Networks of every size can be built, and their parameter counts are those of the papers."""

import pytest
import torch
from torch import Tensor, nn

from tests.model.tiny import tiny_discriminator, tiny_generator
from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.ops.upfirdn2d import setup_filter

RESOLUTIONS = [2**i for i in range(2, 11)]
ARCHITECTURES = ["orig", "skip", "resnet"]


SIZES = [(resolution, 3) for resolution in RESOLUTIONS] + [(32, channels) for channels in (1, 2, 4)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("resolution", "channels"), SIZES)
def test_every_resolution_and_number_of_channels_can_be_built(
    resolution: int, channels: int, architecture: str
) -> None:
    with torch.device("meta"):
        G = tiny_generator(resolution, channels, 3, architecture=architecture)
        D = tiny_discriminator(resolution, channels, 3, architecture=architecture)
        images = G(torch.zeros(4, 4), torch.zeros(4, 3))
        logits = D(images, torch.zeros(4, 3))
    assert images.shape == (4, channels, resolution, resolution)
    assert logits.shape == (4, 1)


@pytest.mark.parametrize("resolution", [4, 8, 32])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_reach_every_parameter(architecture: str, resolution: int) -> None:
    # Two channels at the highest resolution: demodulation cancels the style of a single one (Eq. 3).
    G = tiny_generator(resolution, 3, 2, architecture=architecture, channel_base=64)
    D = tiny_discriminator(resolution, 3, 2, architecture=architecture, channel_base=64)
    torch.manual_seed(0)
    c = torch.eye(2).repeat(2, 1)
    D(G(torch.randn(4, 4), c), c).sum().backward()
    missing = [name for network in (G, D) for name, p in network.named_parameters() if not has_gradient(p)]
    assert not missing


def test_without_noise_there_is_nothing_to_draw() -> None:
    G = tiny_generator(16, noise_inputs=False)
    assert not [name for name in G.state_dict() if "noise" in name]
    z, c = torch.randn(2, 4), torch.zeros(2, 0)
    assert torch.equal(G(z, c), G(z, c))


@pytest.mark.parametrize("taps", [(1.0,), (1.0, 2.0, 1.0), tuple(range(1, 9))])
def test_images_are_resampled_with_any_filter(taps: tuple[float, ...]) -> None:
    G = tiny_generator(16, architecture="resnet", resample_taps=taps)
    D = tiny_discriminator(16, architecture="skip", resample_taps=taps)
    images = G(torch.randn(2, 4), torch.zeros(2, 0), noise_mode="const")
    assert D(images, torch.zeros(2, 0)).shape == (2, 1)
    wanted = setup_filter(taps)
    assert torch.equal(G.synthesis.get_buffer("b8.conv0.resample_filter"), wanted)
    assert torch.equal(D.get_buffer("b8.conv1.resample_filter"), wanted)
    assert G.synthesis.get_buffer("b8.conv1.resample_filter").shape == (4, 4), "nothing is resampled here"


def test_the_condition_is_embedded_in_any_width() -> None:
    D = tiny_discriminator(8, 1, 3, embedding_dim=6)
    assert D.get_parameter("b4.out.weight").shape == (6, 4)
    assert D(torch.randn(2, 1, 8, 8), torch.eye(3)[:2]).shape == (2, 1)


def has_gradient(parameter: nn.Parameter) -> bool:
    return parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)


def test_capacity_multiplies_the_widths_of_the_discriminator() -> None:
    single, double = tiny_discriminator(), tiny_discriminator(capacity=2.0)
    for name, axis in (("b8.conv0.weight", 0), ("b4.out.weight", 1)):
        assert double.get_parameter(name).shape[axis] == 2 * single.get_parameter(name).shape[axis]


def test_1024_networks_have_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        G = Generator(StyleGan2Generator(), 1024, 3, 0)
        D = Discriminator(StyleGan2Discriminator(), 1024, 3, 0)
    assert round(count(G) / 1e6, 1) == 30.4
    assert round(count(D) / 1e6, 1) == 29.0


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def forward(G: Generator, D: Discriminator) -> tuple[Tensor, Tensor]:
    torch.manual_seed(5)
    images = G(torch.randn(4, 4), torch.zeros(4, 0), noise_mode="const")
    return images, D(images, torch.zeros(4, 0))


@pytest.mark.parametrize("dtype", ["fp16", "bf16"])
def test_half_precision_stays_near_full_precision_and_can_be_turned_off(dtype: str) -> None:
    precision = {"dtype": dtype, "top_resolutions": 2, "conv_clamp": 256}
    half = tiny_generator(16, precision=precision), tiny_discriminator(16, precision=precision)
    full = tiny_generator(16), tiny_discriminator(16)
    images, logits = forward(*half)
    assert images.dtype == logits.dtype == torch.float32
    wanted_images, wanted_logits = forward(*full)
    torch.testing.assert_close(images, wanted_images, rtol=0.05, atol=0.1)
    torch.testing.assert_close(logits, wanted_logits, rtol=0.05, atol=0.1)
    assert not torch.equal(images, wanted_images)
    z, c = torch.randn(4, 4), torch.zeros(4, 0)
    exact = half[0](z, c, noise_mode="const", force_fp32=True)
    assert torch.equal(exact, full[0](z, c, noise_mode="const"))
    assert torch.equal(half[1](exact, c, force_fp32=True), full[1](exact, c))


def test_only_the_highest_resolutions_use_half_precision() -> None:
    precision = {"dtype": "fp16", "top_resolutions": 2}
    G, D = tiny_generator(32, precision=precision), tiny_discriminator(32, precision=precision)
    assert [block.dtype for block in G.synthesis.blocks()] == [None, None, torch.float16, torch.float16]
    assert [block.dtype for block in D.blocks()] == [torch.float16, torch.float16, None]


def test_4x4_never_uses_half_precision() -> None:
    G = tiny_generator(8, precision={"dtype": "bf16", "top_resolutions": 4})
    assert [block.dtype for block in G.synthesis.blocks()] == [None, torch.bfloat16]


def test_stacked_batches_do_not_see_each_other() -> None:
    D = tiny_discriminator(16)
    a, b, c = torch.randn(8, 1, 16, 16), torch.randn(8, 1, 16, 16), torch.zeros(8, 0)
    together = D(torch.cat([a, b]), torch.cat([c, c]), parts=2)
    torch.testing.assert_close(together, torch.cat([D(a, c), D(b, c)]), rtol=1e-5, atol=1e-6)
