"""Compiled and plain operations agree over shapes, memory layouts, types, paddings: values and first gradients."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from trainer.ops.activations import ACTIVATIONS
from trainer.ops.kernels import Kernels
from trainer.ops.native.warp import sample, warp
from trainer.ops.reference import ReferenceKernels
from trainer.ops.resampling import Steps

TOLERANCES = {torch.float64: 1e-12, torch.float32: 5e-6, torch.bfloat16: 2e-2, torch.float16: 3e-3}
REFERENCE = ReferenceKernels()
LAYOUTS = ("planes", "channels-last", "transposed", "every second")

dtypes = st.sampled_from(list(TOLERANCES))
layouts = st.sampled_from(LAYOUTS)
sides = st.integers(1, 9)
clamps = st.sampled_from([None, 0.5])
many = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def laid_out(x: Tensor, layout: str) -> Tensor:
    """Return the values of x [n c h w] with other strides."""
    if layout == "channels-last":
        return x.contiguous(memory_format=torch.channels_last)
    if layout == "transposed":
        return x.transpose(2, 3).contiguous().transpose(2, 3)
    if layout == "every second":
        return torch.stack([x, x], dim=-1).flatten(3)[..., ::2]
    return x


def image(n: int, c: int, h: int, w: int, dtype: torch.dtype, layout: str) -> Tensor:
    torch.manual_seed(n + 10 * c + 100 * h + 1000 * w)
    return laid_out(torch.randn(n, c, h, w, dtype=torch.float64).to(dtype), layout).detach()


def assert_equal(native: Kernels, operation: Callable[..., Tensor], *inputs: Tensor | None) -> None:
    """Assert that results and gradients agree, relative to their largest element."""
    found = []
    for kernels in (native, REFERENCE):
        own = [None if t is None else t.clone(memory_format=torch.preserve_format).requires_grad_() for t in inputs]
        y = operation(kernels, *[None if t is None else t * 1 for t in own])
        torch.manual_seed(1)
        dy = torch.randn(y.shape, dtype=torch.float64).to(y.dtype)
        found.append([y, *torch.autograd.grad(y, [t for t in own if t is not None], dy)])
    tolerance = TOLERANCES[found[0][0].dtype]
    for mine, theirs in zip(*found, strict=True):
        assert mine.shape == theirs.shape
        assert mine.dtype == theirs.dtype
        error, scale = (mine.double() - theirs.double()).abs().max(), theirs.double().abs().max().clamp(min=1)
        assert error <= tolerance * scale, f"{error} exceeds {tolerance} of {scale}"


@many
@given(
    n=st.integers(1, 3), c=st.integers(1, 19), h=sides, w=sides, dtype=dtypes, layout=layouts, clamp=clamps,
    activation=st.sampled_from(list(ACTIVATIONS)), biased=st.booleans(), gain=st.sampled_from([1.0, 1.7, -0.6]),
)  # fmt: skip
def test_bias_act(
    native: Kernels, n: int, c: int, h: int, w: int, dtype: torch.dtype, layout: str, clamp: float | None,
    activation: str, biased: bool, gain: float,
) -> None:  # fmt: skip
    assume(dtype not in (torch.bfloat16, torch.float16) or clamp is None)  # rounding decides who is clamped
    x, bias = image(n, c, h, w, dtype, layout), image(1, 1, 1, c, dtype, "planes").flatten() if biased else None
    alpha = ACTIVATIONS[activation].alpha

    def operation(kernels: Kernels, x: Tensor, bias: Tensor | None) -> Tensor:
        return kernels.bias_act(x, bias, 1, activation, alpha, gain, clamp)

    assert_equal(native, operation, x, bias)


@many
@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=4), data=st.data())
def test_bias_along_any_axis(native: Kernels, shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(0, len(shape) - 1))
    x, bias = torch.randn(shape, dtype=torch.float64), torch.randn(shape[dim], dtype=torch.float64)

    def operation(kernels: Kernels, x: Tensor, bias: Tensor) -> Tensor:
        return kernels.bias_act(x, bias, dim, "swish", 0.0, 1.4, None)

    assert_equal(native, operation, x, bias)


factors = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.tuples(st.integers(-2, 6), st.integers(-2, 6))


@many
@given(
    n=st.integers(1, 2), c=st.sampled_from([1, 3, 8, 17, 33]), h=sides, w=sides, dtype=dtypes, layout=layouts,
    taps=st.sampled_from([(1, 1), (4, 4), (3, 5), (2, 1), (4,), (12,), (5,)]), separable=st.booleans(),
    up=factors, down=factors, rows=paddings, columns=paddings, flipped=st.booleans(),
)  # fmt: skip
def test_resampling(
    native: Kernels, n: int, c: int, h: int, w: int, dtype: torch.dtype, layout: str, taps: tuple[int, ...],
    separable: bool, up: Any, down: Any, rows: Any, columns: Any, flipped: bool,
) -> None:  # fmt: skip
    for side, u, pad, t in ((h, up[0], rows, taps[0]), (w, up[1], columns, taps[-1])):
        assume(side * u + sum(pad) >= t)
        assume(side * u + min(pad[0], 0) + min(pad[1], 0) >= 1)
    f = torch.randn(taps, dtype=torch.float64)
    f = torch.outer(f[:, 0], f[0]) if separable and f.ndim == 2 else f
    steps = Steps(up, down, rows, columns, flipped)
    x, f = image(n, c, h, w, dtype, layout), (f / f.abs().sum()).to(dtype)
    assert_equal(native, lambda kernels, x: kernels.resample(x, f, steps), x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_what_was_in_memory_before_is_in_no_result(dtype: torch.dtype) -> None:
    f = torch.randn(4, 4).to(dtype)
    for _ in range(60):
        before = [torch.full((count,), torch.nan, dtype=dtype) for count in (80, 80, 81, 88, 160, 41, 64, 32)]
        x = torch.ones(2, 1, 4, 1, dtype=dtype)
        del before
        y = REFERENCE.resample(x, f, Steps((2, 1), (1, 2), (0, 0), (0, 4), True))
        assert y.isfinite().all()


channels = st.sampled_from([1, 3, 8, 16, 21])


@many
@given(n=st.integers(1, 3), c=channels, h=sides, w=sides, dtype=dtypes, layout=layouts)
def test_modulation(native: Kernels, n: int, c: int, h: int, w: int, dtype: torch.dtype, layout: str) -> None:
    x, scale = image(n, c, h, w, dtype, layout), image(1, 1, n, c, dtype, "planes")[0, 0]
    assert_equal(native, lambda kernels, x, s: kernels.modulate(x, s), x, scale)


@many
@given(
    n=st.integers(1, 3), c=channels, h=sides, w=sides, layout=layouts, clamp=clamps, scaled=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]), noise=st.sampled_from(["none", "one", "each", "shared"]),
)  # fmt: skip
def test_end_of_a_modulated_convolution(
    native: Kernels, n: int, c: int, h: int, w: int, layout: str, clamp: float | None, scaled: bool,
    dtype: torch.dtype, noise: str,
) -> None:  # fmt: skip
    shapes = {"one": [h, w], "each": [n, 1, h, w], "shared": [1, 1, h, w]}
    torch.manual_seed(0)
    strength = torch.randn(shapes[noise], dtype=dtype) if noise in shapes else None
    scale = torch.randn(n, c, dtype=dtype) if scaled else None
    inputs = (image(n, c, h, w, dtype, layout), scale, strength, torch.randn(c, dtype=dtype))
    assert_equal(native, lambda kernels, *tensors: kernels.finish(*tensors, clamp), *inputs)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_end_in_half_precision_rounds_once(native: Kernels, layout: str) -> None:
    x = image(2, 16, 8, 8, torch.bfloat16, layout)
    scale, noise, bias = torch.randn(2, 16), torch.randn(2, 1, 8, 8), torch.randn(16)
    got = native.finish(x, scale, noise, bias, None)
    exact = REFERENCE.finish(x.double(), scale.double(), noise.double(), bias.double(), None)
    assert ((got.double() - exact).abs() <= exact.abs() * 2**-8 + 1e-6).all()


@many
@given(
    n=st.integers(1, 2), c=st.integers(1, 3), source=st.tuples(sides, sides), result=st.tuples(sides, sides),
    dtype=st.sampled_from([torch.float32, torch.float64]), angle=st.floats(-4, 4), scale=st.floats(0.4, 2.5),
    move=st.floats(-0.7, 0.7),
)  # fmt: skip
def test_warp(
    native: Kernels, n: int, c: int, source: tuple[int, int], result: tuple[int, int], dtype: torch.dtype,
    angle: float, scale: float, move: float,
) -> None:  # fmt: skip
    turn = torch.tensor([angle, angle + 1][:n], dtype=dtype)
    sine, cosine, x = turn.sin() * scale, turn.cos() * scale, torch.full([n], move, dtype=dtype)
    theta = torch.stack([torch.stack([cosine, -sine, x], 1), torch.stack([sine, cosine * 1.3, -x], 1)], 1)
    images = image(n, c, *source, dtype, "planes")
    for own in (warp, sample):
        compiled = {native: own, REFERENCE: REFERENCE.warp}
        assert_equal(native, lambda kernels, t, by=compiled: by[kernels](t, theta, *result), images)
