"""Single operations: native against reference, forward, backward and double backward; and achieved bandwidth."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from benchmarks.ratios import Rate, Ratio, Work, implementations, least_ms, matmul_gflops, orders, stream_copy_gbps
from trainer.ops.bias_act import bias_act
from trainer.ops.convolution import convolve
from trainer.ops.kernels import kernels, using
from trainer.ops.upfirdn2d import downsample2d, filter2d, setup_filter, upsample2d

Shape = tuple[int, int, int, int]
Operation = Callable[[Tensor], Tensor]

FILTER = setup_filter([1, 3, 3, 1])
SHAPES: dict[str, Shape] = {"small": (16, 32, 16, 16), "large": (4, 32, 128, 128)}
OPERATIONS: dict[str, Operation] = {
    "bias_act lrelu": partial(bias_act, activation="lrelu", clamp=256.0),
    "filter 4x4": partial(filter2d, f=FILTER),
    "up x2": partial(upsample2d, f=FILTER),
    "down x2": partial(downsample2d, f=FILTER),
}


def images(shape: Shape, channels_last: bool = True) -> Tensor:
    """Return random images."""
    x = torch.randn(shape)
    return x.contiguous(memory_format=torch.channels_last) if channels_last else x


def op_ratios(rounds: int) -> Iterator[Ratio]:
    """Compare every operation at both sizes."""
    for size, shape in SHAPES.items():
        for name, f in OPERATIONS.items():
            yield from orders(f"{name}, {size}", f, images(shape), rounds)
        yield from orders(f"modulation, {size}", _modulated(shape), images(shape), rounds)
        yield from orders(f"demodulation + noise + bias + lrelu, {size}", _finished(shape), images(shape), rounds)
    yield from orders("augmentation warp", _warped, images((16, 1, 76, 76), False), rounds)


def _modulated(shape: Shape) -> Operation:
    scale = torch.randn(shape[:2])
    return lambda x: kernels().modulate(x, scale)


def _finished(shape: Shape) -> Operation:
    n, c, h, w = shape
    scale, noise, bias = torch.randn(n, c), torch.randn(n, 1, h, w), torch.randn(c)
    return lambda x: kernels().finish(x, scale, noise, bias, 256.0)


def _warped(x: Tensor) -> Tensor:
    turn = torch.linspace(-1, 1, len(x))
    theta = torch.stack([turn.cos(), -turn.sin(), turn * 0, turn.sin(), turn.cos(), turn * 0], 1).reshape(-1, 2, 3)
    return kernels().warp(x, theta, 76, 76)


def rates(rounds: int) -> Iterator[Rate]:
    """Measure the bytes per second that operations on large images read and write, against a plain copy."""
    copy = stream_copy_gbps()
    x = images(SHAPES["large"])
    for name, f in OPERATIONS.items():
        with using(implementations()["native"]):
            y = f(x)
            took = least_ms({name: partial(f, x)}, rounds)[name]
        yield Rate(f"{name}, large", 4 * (x.numel() + y.numel()) / took / 1e6, copy, "stream copy", "GB/s")
    half = matmul_gflops(dtype=torch.bfloat16)
    yield Rate("bfloat16 matrix product", half, matmul_gflops(), "float32 matrix product", "GFLOP/s")
    yield from convolution_rates(rounds)


CONVOLUTIONS: dict[str, Shape] = {"16 channels": (16, 16, 32, 32), "128 channels": (16, 128, 16, 16)}


def convolution_rates(rounds: int) -> Iterator[Rate]:
    """Measure the throughput of 3x3 convolutions, which bounds every formulation, against a matrix product."""
    peak = matmul_gflops()
    for name, shape in CONVOLUTIONS.items():
        x, weight = images(shape).requires_grad_(), torch.randn(shape[1], shape[1], 3, 3, requires_grad=True)
        y = convolve(x, weight, padding=1)
        dy = torch.ones_like(y)
        works: dict[str, Work] = {
            "forward": partial(convolve, x, weight, padding=1),
            "backward": partial(torch.autograd.grad, y, [x, weight], dy, retain_graph=True),
        }
        took = least_ms(works, rounds)
        flop = 2 * 9 * shape[1] * x.numel()
        for (which, milliseconds), products in zip(took.items(), (1, 2), strict=True):
            rate = products * flop / milliseconds / 1e6
            yield Rate(f"convolution 3x3, {name}, {which}", rate, peak, "float32 matrix product", "GFLOP/s")
