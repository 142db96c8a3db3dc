"""ProGAN's layers: normalisations, equalised weights, minibatch discrimination, noise for the least squares loss."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from trainer.config.methods import DiscriminatorNoise
from trainer.config.networks.biggan import BigGanDiscriminator
from trainer.config.networks.stylegan_progan import ProGanDiscriminator, ProGanGenerator, StyleGanDiscriminator
from trainer.config.spec import Spec
from trainer.methods.discriminator_noise import NoiseLayer, Noisy, strength_of
from trainer.model.growing.progan_layers import KERNELS, Layer, LayerNorm, MinibatchDiscrimination, Weighted, pixel_norm
from trainer.objectives.losses import r1_penalty, slope_penalty
from trainer.registry import build
from trainer.runtime.world import World

WIDTH: dict[str, Any] = {"channel_base": 64, "channel_max": 4}
DISCRIMINATORS: dict[str, Spec] = {
    "stylegan": StyleGanDiscriminator(**WIDTH),
    "progan": ProGanDiscriminator(**WIDTH),
    "progan-discrimination": ProGanDiscriminator(variety="discrimination", **WIDTH),
    "progan-layer-norm": ProGanDiscriminator(normalisation="layer", variety="none", equalised=False, **WIDTH),
    "biggan": BigGanDiscriminator(channels=2, attention=8, initialisation="normal"),  # no two singular values alike
}


def scores(network: nn.Module, images: Tensor) -> Tensor:
    logits: Tensor = network(images, images.new_zeros(len(images), 0))
    return logits


@pytest.mark.parametrize("penalty", [slope_penalty, r1_penalty])
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_second_order_gradient_agrees_with_finite_differences(name: str, penalty: Any) -> None:
    torch.manual_seed(0)
    network = build(DISCRIMINATORS[name], 16, 3, 0).double()
    if name.startswith(("progan", "stylegan")):
        network.set_level(3.4)
    for _ in range(300):
        network.advance()  # singular vectors count as constants in the gradient, which is exact once they have settled
    images = torch.randn(4, 3, 16, 16, dtype=torch.float64, requires_grad=True)
    parameters = [p for p in network.parameters() if p.ndim > 1]
    directions = [torch.randn_like(p) for p in parameters]

    def loss() -> Tensor:
        value: Tensor = penalty(scores(network, images), images).mean()
        return value

    gradients = torch.autograd.grad(loss(), parameters, allow_unused=True)
    wanted = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True) if g is not None)
    values, step = [], 1e-6
    for sign in (1, -2):
        with torch.no_grad():
            torch._foreach_add_(parameters, directions, alpha=sign * step)
        values.append(loss().item())
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(wanted, rel=1e-4)
    assert abs(wanted) > 1e-9


def test_rectified_layers_and_bounded_images_are_those_of_the_critics_paper() -> None:
    layer = Layer(3, 5, "none", equalised=True, leak=0.0)
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(layer(x), layer.conv(x).relu())
    torch.manual_seed(0)
    plain = build(ProGanGenerator(rectified=True, **WIDTH), 8, 3, 0)
    torch.manual_seed(0)
    bounded = build(ProGanGenerator(rectified=True, bounded=True, **WIDTH), 8, 3, 0)
    z, c = torch.randn(2, plain.z_dim) * 9, torch.zeros(2, 0)
    torch.testing.assert_close(bounded(z, c), plain(z, c).tanh())
    assert not {"rectified", "bounded"} & ProGanGenerator().model_dump().keys()


def test_pixels_are_normalised_over_maps() -> None:
    x = pixel_norm(torch.randn(3, 5, 4, 4) * 7)
    torch.testing.assert_close(x.square().mean(dim=1), torch.ones(3, 4, 4))


@pytest.mark.parametrize("kernel", [None, 1, 3])
def test_equalised_weights_are_used_in_the_scale_the_others_are_drawn_in(kernel: int | None) -> None:
    torch.manual_seed(0)
    equalised = Weighted(64, 200, kernel, equalised=True)
    torch.manual_seed(0)
    plain = Weighted(64, 200, kernel, equalised=False)
    assert equalised.weight.std().item() == pytest.approx(1, rel=0.05)
    assert plain.weight.std().item() == pytest.approx((2 / (64 * (kernel or 1) ** 2)) ** 0.5, rel=0.05)
    x = torch.randn(2, 64) if kernel is None else torch.randn(2, 64, 8, 8)
    torch.testing.assert_close(equalised(x), plain(x), rtol=1e-4, atol=1e-5)


def test_a_layer_has_unit_variance_for_every_sample() -> None:
    y = LayerNorm()(torch.randn(3, 5, 4, 4) * 3 + 2)
    torch.testing.assert_close(y.var(dim=(1, 2, 3), unbiased=False), torch.ones(3), rtol=1e-3, atol=1e-3)


def test_minibatch_discrimination_counts_what_is_alike_in_its_own_batch() -> None:
    layer = MinibatchDiscrimination(6)
    same, other = torch.randn(1, 6).expand(4, -1), torch.randn(4, 6) * 100
    alike = layer(torch.cat([same, other]), parts=2)[:, 6:]
    assert alike.shape == (8, KERNELS)
    torch.testing.assert_close(alike[:4], torch.full((4, KERNELS), 3.0))
    assert alike[4:].mean() < 0.1
    torch.testing.assert_close(layer(same, parts=1)[:, 6:], alike[:4])


@pytest.mark.parametrize("variety", ["stddev", "discrimination", "none"])
def test_stacked_batches_do_not_see_each_other(variety: str) -> None:
    network = build(ProGanDiscriminator(variety=variety, **WIDTH), 8, 3, 0)
    a, b, c = torch.randn(4, 3, 8, 8), torch.randn(4, 3, 8, 8), torch.zeros(8, 0)
    together = network(torch.cat([a, b]), c, parts=2)
    torch.testing.assert_close(together, torch.cat([network(a, c[:4]), network(b, c[:4])]), rtol=1e-5, atol=1e-6)


def test_published_networks_have_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        networks = build(ProGanGenerator(), 1024, 3, 0), build(ProGanDiscriminator(), 1024, 3, 0)
    assert [round(sum(p.numel() for p in network.parameters()) / 1e6, 1) for network in networks] == [23.1, 23.1]


def test_noise_is_as_strong_as_d_is_sure() -> None:
    assert [strength_of(mean, 0.2) for mean in (0.0, 0.5, 1.5)] == [0, 0, pytest.approx(0.2)]
    x = torch.ones(20, 50, 8, 8)
    assert NoiseLayer(lambda: 0.0)(x) is x
    assert NoiseLayer(lambda: 0.1)(x).std().item() == pytest.approx(0.1, rel=0.05)


def test_moving_mean_of_the_noise_survives_a_restart() -> None:
    first, second = (Noisy(DiscriminatorNoise(decay=0.9)) for _ in range(2))
    first._means.add(torch.tensor(2.0))
    first.finish(World().sum)
    second.load_state_dict(first.state_dict())
    assert second.mean == first.mean == pytest.approx(0.2)
