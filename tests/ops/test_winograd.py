"""Minimal filtering equals convolution in values and gradients, also for parts of a batch; and when it is chosen."""

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from trainer.ops.convolution import convolve
from trainer.ops.geometry import Geometry
from trainer.ops.kernels import Kernels, using
from trainer.ops.native import winograd
from trainer.ops.reference import ReferenceKernels

TOLERANCES = {torch.float64: 1e-12, torch.float32: 2e-5}
SAME = Geometry(stride=1, padding=1, groups=1, transposed=False)
HALF = Geometry(stride=2, padding=0, groups=1, transposed=False)
channels = st.sampled_from([16, 32, 48])
sides = st.integers(1, 13)


def found(kernels: Kernels, dy_seed: int, transposed: bool, *inputs: Tensor | None, stride: int = 1) -> list[Tensor]:
    """Return y and the gradients of x, weight and bias."""
    x, weight, bias = (None if t is None else t.clone().requires_grad_() for t in inputs)
    assert x is not None
    assert weight is not None
    with using(kernels):
        y = convolve(x, weight, bias, stride=stride, padding=2 - stride, transposed=transposed)
        dy = torch.randn(y.shape, generator=torch.Generator().manual_seed(dy_seed), dtype=y.dtype)
        return [y, *torch.autograd.grad(y, [t for t in (x, weight, bias) if t is not None], dy)]


def assert_close(mine: list[Tensor], theirs: list[Tensor]) -> None:
    for own, other in zip(mine, theirs, strict=True):
        assert own.shape == other.shape
        error = (own - other).abs().max() / other.abs().max().clamp(min=1)
        assert error <= TOLERANCES[own.dtype], error


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    n=st.integers(1, 3), inputs=channels, outputs=channels, h=sides, w=sides, dtype=st.sampled_from(list(TOLERANCES)),
    turned=st.booleans(), biased=st.booleans(), transposed=st.booleans(), stride=st.sampled_from([1, 2]),
)  # fmt: skip
def test_it_is_the_convolution_and_its_gradients(
    native: Kernels, n: int, inputs: int, outputs: int, h: int, w: int, dtype: torch.dtype,
    turned: bool, biased: bool, transposed: bool, stride: int,
) -> None:  # fmt: skip
    torch.manual_seed(n + h + 100 * w)
    h, w = (h, w) if stride == 1 or transposed else (2 * h + 1, 2 * w + 1)
    x = torch.randn(n, inputs, h, w, dtype=dtype)
    weight = torch.randn(inputs, outputs, 3, 3, dtype=dtype)
    weight = weight if transposed else weight.transpose(0, 1)
    weight = weight.flip(2).transpose(2, 3) if turned else weight
    bias = torch.randn(outputs, dtype=dtype) if biased else None
    mine, theirs = (
        found(kernels, 1, transposed, x, weight, bias, stride=stride) for kernels in (native, ReferenceKernels())
    )
    assert_close(mine, theirs)


def test_parts_of_a_batch_make_the_same(native: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight = torch.randn(7, 16, 9, 6), torch.randn(32, 16, 3, 3)
    whole = found(native, 2, False, x, weight, None)
    monkeypatch.setattr(winograd, "TILES", 5)  # some of an image at a time
    assert_close(found(native, 2, False, x, weight, None), whole)


class Names(TorchDispatchMode):
    """Collects the names of torch's operations."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.found.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def test_images_that_are_laid_out_are_not_copied(native: Kernels) -> None:
    x = torch.randn(2, 16, 8, 8).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(32, 16, 3, 3)
    with Names() as names:
        y = native.convolve(x, weight, None, SAME)
        native.convolve_backward(y, x, weight, SAME, (True, True, False))
    assert "bmm" not in names.found
    assert "convolution" not in names.found
    assert not [name for name in names.found if "copy" in name or name == "clone"]


def test_an_evaluation_before_training_changes_nothing(native: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "_workspaces", winograd._Workspaces())
    x, weight = torch.randn(2, 16, 8, 8), torch.randn(16, 16, 3, 3)
    with torch.inference_mode():
        native.convolve(x, weight, None, SAME)
    assert_close(found(native, 4, False, x, weight, None), found(ReferenceKernels(), 4, False, x, weight, None))


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize(("stride", "transposed"), [(1, False), (2, False), (2, True)])
def test_several_threads_compute_the_same_bits(native: Kernels, stride: int, transposed: bool, threads: int) -> None:
    x, weight = torch.randn(4, 48, 33, 31), torch.randn(48, 48, 3, 3)
    once = found(native, 3, transposed, x, weight, None, stride=stride)
    torch.set_num_threads(threads)
    try:
        again = found(native, 3, transposed, x, weight, None, stride=stride)
    finally:
        torch.set_num_threads(1)
    assert all(torch.equal(one, other) for one, other in zip(once, again, strict=True))


@pytest.mark.parametrize(
    ("x", "weight", "geometry", "dtype", "fits"),
    [
        ((1, 16, 4, 4), (32, 16, 3, 3), SAME, torch.float32, True),
        ((1, 16, 4, 4), (32, 16, 3, 3), SAME._replace(transposed=True), torch.float64, True),
        ((1, 16, 4, 4), (32, 16, 3, 3), SAME, torch.bfloat16, False),
        ((0, 16, 4, 4), (32, 16, 3, 3), SAME, torch.float32, False),
        ((1, 17, 4, 4), (32, 17, 3, 3), SAME, torch.float32, False),
        ((1, 16, 4, 4), (32, 16, 1, 1), SAME, torch.float32, False),
        ((1, 16, 4, 4), (32, 16, 3, 3), SAME._replace(stride=2), torch.float32, False),
        ((1, 16, 9, 7), (32, 16, 3, 3), HALF, torch.float32, True),
        ((1, 16, 9, 8), (32, 16, 3, 3), HALF, torch.float32, False),
        ((1, 16, 9, 1), (32, 16, 3, 3), HALF, torch.float32, False),
        ((1, 16, 9, 8), (16, 32, 3, 3), HALF._replace(transposed=True), torch.float32, True),
        ((1, 16, 9, 8), (16, 32, 3, 3), HALF._replace(transposed=True, extra=(1, 1)), torch.float32, False),
        ((1, 16, 4, 4), (32, 16, 3, 3), SAME._replace(padding=0), torch.float32, False),
        ((1, 32, 4, 4), (32, 16, 3, 3), SAME._replace(groups=2), torch.float32, False),
    ],
)
def test_which_convolutions_fit(
    x: tuple[int, ...], weight: tuple[int, ...], geometry: Geometry, dtype: torch.dtype, fits: bool
) -> None:
    assert winograd.fits(torch.empty(x, dtype=dtype), torch.empty(weight, dtype=dtype), geometry) == fits


@pytest.mark.parametrize(
    ("x", "channels", "geometry", "pays"),
    [
        ((32, 64, 32, 32), 64, SAME, True),
        ((16, 16, 32, 32), 16, SAME, True),
        ((1, 64, 4, 4), 64, SAME, False),
        ((16, 64, 4, 4), 64, SAME, True),
        ((16, 64, 9, 9), 64, HALF, True),
        ((8, 64, 9, 9), 64, HALF, False),
        ((16, 64, 4, 4), 64, HALF._replace(transposed=True), True),
        ((8, 512, 17, 17), 512, HALF, False),
        ((16, 512, 17, 17), 512, HALF, True),
    ],
)
def test_few_pixels_do_not_pay(x: tuple[int, ...], channels: int, geometry: Geometry, pays: bool) -> None:
    assert winograd.pays(torch.empty(x), torch.empty(channels, x[1], 3, 3), geometry) == pays
