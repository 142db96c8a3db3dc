"""Compiled operations are differentiable twice (float64) and registered correctly (opcheck)."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from trainer.ops.activations import ACTIVATIONS
from trainer.ops.convolution import convolve
from trainer.ops.kernels import Kernels
from trainer.ops.native import abi
from trainer.ops.native.warp import warp
from trainer.ops.resampling import Steps

NONE = abi.clamp_value(None)
THETA = torch.tensor([[[0.8, -0.5, 0.2], [0.6, 0.9, -0.1]], [[-1.3, 0.1, 0.0], [0.2, 0.7, 0.3]]], dtype=torch.float64)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def normal(*shape: int, last: bool = False) -> Tensor:
    x = torch.randn(shape, dtype=torch.float64)
    return (x.contiguous(memory_format=torch.channels_last) if last else x).requires_grad_()


def check(f: Callable[..., Tensor], *inputs: Tensor) -> None:
    assert gradcheck(f, inputs, fast_mode=True)
    assert gradgradcheck(f, inputs, fast_mode=True)


@pytest.mark.parametrize("clamp", [None, 0.7])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_bias_act(native: Kernels, activation: str, clamp: float | None) -> None:
    check(lambda x, b: native.bias_act(x, b, 1, activation, 0.2, 1.3, clamp), normal(2, 3, 4), normal(3))


@pytest.mark.parametrize("last", [False, True])
def test_resampling(native: Kernels, last: bool) -> None:
    f = torch.randn(3, 4, dtype=torch.float64)
    steps = Steps((1, 2), (3, 2), (4, -1), (-2, 5), True)
    check(lambda x: native.resample(x, f, steps), normal(1, 9, 6, 5, last=last))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.usefixtures("native_used")
def test_convolution(transposed: bool) -> None:
    check(
        lambda x, w, b: convolve(x, w, b, padding=1, transposed=transposed),
        *(normal(2, 16, 5, 6, last=True), normal(16, 16, 3, 3), normal(16)),
    )


@pytest.mark.parametrize("last", [False, True])
def test_modulation(native: Kernels, last: bool) -> None:
    check(native.modulate, normal(2, 9, 3, 2, last=last), normal(2, 9))


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("per_sample", [False, True])
def test_end_of_a_modulated_convolution(native: Kernels, last: bool, per_sample: bool) -> None:
    noise = normal(2, 1, 3, 2) if per_sample else normal(3, 2)
    inputs = (normal(2, 9, 3, 2, last=last), normal(2, 9), noise, normal(9))
    check(lambda x, scale, noise, bias: native.finish(x, scale, noise, bias, 1.1), *inputs)


@pytest.mark.usefixtures("native")
def test_warp() -> None:
    check(lambda x: warp(x, THETA, 7, 5), normal(2, 2, 4, 6))


def test_third_derivative_of_a_curved_activation_is_refused(native: Kernels) -> None:
    x = normal(3, 4)
    y = native.bias_act(x, None, 1, "swish", 0.0, 1.0, None)
    for _ in range(2):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    with pytest.raises(NotImplementedError, match="third derivative"):
        torch.autograd.grad(y.sum(), x)


def _operations() -> dict[str, tuple[Any, ...]]:
    x, last = normal(2, 9, 4, 4), normal(2, 9, 4, 4, last=True)
    shape = (1, abi.ACTS.index("softplus"), 0.2, 1.4, NONE)
    resampling = (torch.randn(3, 4, dtype=torch.float64), [2, 2], [1, 1], [1, 2], [2, 1], False)
    return {
        "bias_act": (x, normal(9), *shape),
        "bias_act_slope": (x, last.detach(), normal(9), *shape),
        "resample": (last, *resampling),
        "modulate": (last, normal(2, 9)),
        "modulate_backward": (x.detach(), last.detach(), torch.ones(2, 9)),
        "channel_dot": (x, last),
        "finish": (last, normal(2, 9), normal(2, 1, 4, 4), normal(9), NONE),
        "finish_backward": (x.detach(), x.detach(), last.detach(), None, True, NONE),
        "warp": (x, THETA, 3, 5),
        "warp_adjoint": (x, THETA, 3, 5),
    }


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("name", sorted(_operations()))
def test_registration_is_sound(name: str) -> None:
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(getattr(torch.ops.adasweep, name).default, _operations()[name], test_utils=checks)
