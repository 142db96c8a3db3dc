"""Every op is differentiable twice: gradcheck and gradgradcheck in float64, along random directions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from trainer.model.minibatch_std import minibatch_std
from trainer.ops.bias_act import ACTIVATIONS, bias_act, leaky_relu_in_place
from trainer.ops.conv2d_resample import conv2d_resample
from trainer.ops.convolution import convolve
from trainer.ops.modulated_conv2d import Modulation, modulated_conv2d
from trainer.ops.upfirdn2d import downsample2d, filter2d, setup_filter, upfirdn2d, upsample2d

TAPS = setup_filter([1, 3, 3, 1])
LOPSIDED = setup_filter([1, -2, 3, 5, 0.5], separable=True)


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def check(f: Callable[..., Tensor], *inputs: Tensor) -> None:
    assert gradcheck(f, inputs, fast_mode=True)
    assert gradgradcheck(f, inputs, fast_mode=True)


@pytest.mark.parametrize("clamp", [None, 0.7])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_bias_act(activation: str, clamp: float | None) -> None:
    check(partial(bias_act, activation=activation, gain=1.3, clamp=clamp), normal(2, 3, 4), normal(3))


def test_leaky_relu_in_place() -> None:
    check(lambda x: leaky_relu_in_place(x * 2, clamp=1.1), normal(3, 4))


RESAMPLINGS = {
    "upfirdn": partial(upfirdn2d, f=LOPSIDED, up=[1, 2], down=[3, 2], padding=[4, -1, -2, 5], flip_filter=True, gain=2),
    "filter": partial(filter2d, f=TAPS, gain=2.0),
    "up": partial(upsample2d, f=TAPS),
    "down": partial(downsample2d, f=TAPS),
    "up3": partial(upsample2d, f=LOPSIDED, up=3),
    "nothing": partial(upfirdn2d, f=None, padding=1),
}


@pytest.mark.parametrize("resampling", RESAMPLINGS)
def test_resampling(resampling: str) -> None:
    check(RESAMPLINGS[resampling], normal(1, 2, 6, 5))


CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "plain": {"padding": 1},
    "strided": {"stride": 2, "padding": 1},
    "strided-uneven": {"stride": 3},
    "grouped": {"groups": 2, "padding": 1},
    "transposed": {"stride": 2, "transposed": True},
    "transposed-grouped": {"stride": 2, "padding": 1, "groups": 2, "transposed": True},
}


@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_convolution(convolution: str) -> None:
    arguments = CONVOLUTIONS[convolution]
    groups = arguments.get("groups", 1)
    weight = normal(4, 4 // groups, 3, 3)
    check(partial(convolve, **arguments), normal(1, 4, 4, 5), weight, normal(4))


RESAMPLED: dict[str, dict[str, Any]] = {
    "same": {"k": 3, "padding": 1},
    "up": {"k": 3, "up": 2, "padding": 1, "flip_weight": False},
    "down": {"k": 3, "down": 2, "padding": 1},
    "pointwise": {"k": 1},
    "pointwise-up": {"k": 1, "up": 2},
    "pointwise-down": {"k": 1, "down": 2},
    "both": {"k": 3, "up": 2, "down": 2, "padding": 1},
    "uneven": {"k": 3, "padding": [2, 0, 1, 3]},
}


@pytest.mark.parametrize("case", RESAMPLED)
def test_resampling_convolution(case: str) -> None:
    arguments = dict(RESAMPLED[case])
    k = arguments.pop("k")
    resample: Any = partial(conv2d_resample, f=TAPS, **arguments)
    check(lambda x, w, b: resample(x, w, bias=b), normal(1, 2, 4, 4), normal(3, 2, k, k), normal(3))


@pytest.mark.parametrize("modulation", ["activations", "per-sample"])
@pytest.mark.parametrize("case", ["same", "up", "down", "pointwise"])
@pytest.mark.parametrize("demodulate", [True, False])
def test_modulated_convolution(case: str, modulation: Modulation, demodulate: bool) -> None:
    arguments = dict(RESAMPLED[case])
    k = arguments.pop("k")
    convolution = partial(
        modulated_conv2d, resample_filter=TAPS, modulation=modulation, demodulate=demodulate, gain=1.4, **arguments
    )
    size = {"up": 8, "down": 2}.get(case, 4)
    check(convolution, normal(2, 2, 4, 4), normal(2, 2, k, k), normal(2, 2), normal(2, 1, size, size))


@pytest.mark.parametrize(("group", "features", "parts"), [(2, 1, 1), (None, 2, 1), (2, 1, 2)])
def test_minibatch_std(group: int | None, features: int, parts: int) -> None:
    check(partial(minibatch_std, group=group, features=features, parts=parts), normal(4, 2, 2, 2))
