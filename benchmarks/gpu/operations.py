"""Native against reference operations on one device: value, gradient, and the gradient of the gradient."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from benchmarks.gpu.accelerator import Accelerator, tf32
from benchmarks.gpu.report import Row
from trainer.ops.kernels import Kernels, using
from trainer.ops.layout import HALF
from trainer.ops.reference import ReferenceKernels
from trainer.ops.resampling import Steps

TOLERANCES = {torch.float64: 1e-11, torch.float32: 3e-5, torch.float16: 1e-2, torch.bfloat16: 6e-2}
"""Largest difference, relative to the norm of all values."""

SHAPE = (2, 40, 9, 9)
UP, DOWN = Steps((2, 2), (1, 1), (2, 1), (2, 1), False), Steps((1, 1), (2, 2), (1, 1), (1, 1), False)
ORDERS = ("forward", "backward", "double backward")

Operation = Callable[[Kernels, Tensor], Tensor]


def operations(device: torch.device, dtype: torch.dtype) -> dict[str, Operation]:
    """Return the operations that have two implementations; their other inputs are in float64 or float32."""
    torch.manual_seed(0)
    wide = torch.float64 if dtype is torch.float64 else torch.float32
    turn = torch.tensor([[[0.8, -0.5, 0.2], [0.6, 0.9, -0.1]]]).expand(2, -1, -1)
    made = torch.randn(4, 4), torch.rand(2, 40), torch.randn(9, 9), torch.randn(40), turn
    f, scale, noise, bias, theta = (one.to(device, wide) for one in made)
    return {
        "lrelu": lambda kernels, x: kernels.bias_act(x, bias, 1, "lrelu", 0.2, 1.4, 0.9),
        "swish": lambda kernels, x: kernels.bias_act(x, bias, 1, "swish", 0.0, 1.4, None),
        "up": lambda kernels, x: kernels.resample(x, f.to(x.dtype), UP),
        "down": lambda kernels, x: kernels.resample(x, f.to(x.dtype), DOWN),
        "modulate": lambda kernels, x: kernels.modulate(x, scale),
        "finish": lambda kernels, x: kernels.finish(x, scale, noise, bias, 256.0),
        **({} if dtype in HALF else {"warp": lambda kernels, x: kernels.warp(x, theta, 7, 11)}),
    }


def checks(accelerator: Accelerator) -> Iterator[Row]:
    """Yield the largest difference of each operation, order and dtype."""
    for dtype, tolerance in TOLERANCES.items():
        for name, operation in operations(accelerator.device, dtype).items():
            with tf32(False):
                mine, theirs = (
                    derivatives(operation, kernels, accelerator.device, dtype)
                    for kernels in (accelerator.native(), ReferenceKernels())
                )
            for order, one, other in zip(ORDERS, mine, theirs, strict=True):
                error = difference(one, other)
                note = f"at most {tolerance:g}"
                yield Row(f"{name}, {order}, {str(dtype)[6:]}", error, "relative", error <= tolerance, note)


def derivatives(operation: Operation, kernels: Kernels, device: torch.device, dtype: torch.dtype) -> list[Tensor]:
    """Return y, dx = (dy/dx)^T v, and the gradient of |dx|^2 with respect to x and v, as one tensor."""
    torch.manual_seed(1)
    x = torch.randn(SHAPE).to(device, dtype).requires_grad_()
    with using(kernels):
        y = operation(kernels, x)
        v = torch.linspace(-1, 1, y.numel(), device=device).reshape(y.shape).to(y.dtype).requires_grad_()
        (dx,) = torch.autograd.grad(y, x, v, create_graph=True)
        again = torch.autograd.grad(dx.float().square().mean(), (x, v), allow_unused=True)
    return [y, dx, torch.cat([part.flatten() for part in again if part is not None])]


def difference(one: Tensor, other: Tensor) -> float:
    """Return |one - other| / |other| in the Euclidean norm: in half precision, single values change sides of a kink."""
    one, other = one.detach().double(), other.detach().double()
    return float((one - other).norm() / other.norm())
