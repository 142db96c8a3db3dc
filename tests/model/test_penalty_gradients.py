"""R1 and path length have correct values and gradients, in float64, also through the augmentation."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck

from tests.model.tiny import tiny_discriminator, tiny_generator
from trainer.augment.draws import QuantileDraws
from trainer.augment.pipe import named_pipe
from trainer.objectives import losses

ARCHITECTURES = ["orig", "skip", "resnet"]
State = dict[str, Tensor]


def parameters(network: nn.Module) -> State:
    return {name: value.detach().clone().requires_grad_() for name, value in network.named_parameters()}


def numeric_gradient(f: Callable[[Tensor], Tensor], x: Tensor, step: float = 1e-6) -> Tensor:
    flat = x.detach().flatten()
    rows = torch.eye(len(flat), dtype=x.dtype) * step
    slopes = [(f((flat + row).view_as(x)) - f((flat - row).view_as(x))) / (2 * step) for row in rows]
    return torch.stack(slopes).view_as(x)


def augmentation(name: str) -> Callable[[Tensor], Tensor]:
    if name == "none":
        return lambda x: x
    pipe, draws = named_pipe("bgc"), QuantileDraws(0.3)
    return lambda x: pipe(x, torch.ones([], dtype=x.dtype), draws)


def test_r1_is_the_squared_slope_at_each_image() -> None:
    D, x, c = tiny_discriminator().double(), torch.randn(2, 1, 8, 8, dtype=torch.float64), torch.zeros(2, 0).double()
    x.requires_grad_()
    slope = numeric_gradient(lambda y: D(y, c).sum().detach(), x)
    torch.testing.assert_close(losses.r1_penalty(D(x, c), x), slope.square().sum(dim=(1, 2, 3)), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("augment", ["none", "bgc"])
def test_gradient_of_r1_in_weights_and_images(architecture: str, augment: str) -> None:
    D, augment_images = tiny_discriminator(architecture=architecture).double(), augmentation(augment)
    weights, c = parameters(D), torch.zeros(2, 0, dtype=torch.float64)

    def penalty(x: Tensor, *values: Tensor) -> Tensor:
        state = dict(zip(weights, values, strict=True))
        logits = torch.func.functional_call(D, state, (augment_images(x), c))
        return losses.r1_penalty(logits, x)

    torch.manual_seed(2)
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    assert gradcheck(penalty, (x, *weights.values()), fast_mode=True, atol=1e-4)


@pytest.mark.parametrize("augment", ["none", "bgc"])
def test_discriminator_behind_the_augmentation_is_differentiable_twice(augment: str) -> None:
    D, augment_images = tiny_discriminator().double(), augmentation(augment)
    c = torch.zeros(2, 0, dtype=torch.float64)
    torch.manual_seed(3)
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: D(augment_images(x), c), (x,), fast_mode=True)
    assert gradgradcheck(lambda x: D(augment_images(x), c), (x,), fast_mode=True, atol=1e-4)


def test_path_length_is_the_length_of_the_product_with_the_jacobian() -> None:
    G = tiny_generator().double()
    ws = torch.randn(1, G.num_ws, 4, dtype=torch.float64, requires_grad=True)
    noise = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    product = numeric_gradient(lambda w: (G.synthesis(w, "const") * noise).sum().detach(), ws)
    lengths = losses.path_lengths(G.synthesis(ws, "const"), ws, noise)
    torch.testing.assert_close(lengths, product.square().sum(dim=2).mean(dim=1).sqrt(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("modulation", ["activations", "per-sample"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradient_of_path_length_in_weights_and_latents(architecture: str, modulation: str) -> None:
    G = tiny_generator(architecture=architecture, modulation=modulation).double()
    weights = parameters(G.synthesis)
    torch.manual_seed(4)
    noise = torch.randn(2, 1, 8, 8, dtype=torch.float64)

    def lengths(ws: Tensor, *values: Tensor) -> Tensor:
        images = torch.func.functional_call(G.synthesis, dict(zip(weights, values, strict=True)), (ws, "const"))
        return losses.path_lengths(images, ws, noise)

    ws = torch.randn(2, G.num_ws, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lengths, (ws, *weights.values()), fast_mode=True, atol=1e-4)


def test_gradient_of_the_penalty_flows_through_its_moving_target() -> None:
    mean = torch.tensor(0.3, dtype=torch.float64)

    def penalty(lengths: Tensor) -> Tensor:
        return losses.path_length_penalty(lengths, losses.moved_mean(mean, lengths.mean(), 0.1))

    assert gradcheck(penalty, (torch.rand(3, dtype=torch.float64, requires_grad=True),))
