"""Ratios measured in one run: the sides of a comparison take turns, and the least time of each counts."""

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from trainer.ops.choice import native
from trainer.ops.kernels import Kernels, using
from trainer.ops.reference import ReferenceKernels
from trainer.runtime.processor import processor

Work = Callable[[], Any]


class Ratio(NamedTuple):
    """One comparison: the ratio is `slow` / `fast`, both in `unit`, where less is better."""

    name: str
    slow_name: str
    fast_name: str
    slow: float
    fast: float
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        return self.slow / self.fast


class Rate(NamedTuple):
    """A measured rate and the one to judge it by (`beside`), both in `unit`, where more is better."""

    name: str
    achieved: float
    beside: float
    beside_name: str
    unit: str


def least_ms(works: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """Return the least CPU milliseconds of each function over `rounds` rounds of turns, after one warm-up round."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            started = time.process_time()
            work()
            times[name].append(1000 * (time.process_time() - started))
    return {name: min(taken[1:]) for name, taken in times.items()}


def implementations() -> dict[str, Kernels]:
    """Return both implementations of the operations."""
    return {"reference": ReferenceKernels(), "native": native("cpu")}


def with_each(work: Work) -> dict[str, Work]:
    """Return the work bound to each implementation."""

    def done(kernels: Kernels) -> Any:
        with using(kernels):
            return work()

    return {name: partial(done, kernels) for name, kernels in implementations().items()}


def native_ratio(name: str, work: Work, rounds: int) -> Ratio:
    """Compare the reference with the native implementation."""
    found = least_ms(with_each(work), rounds)
    return Ratio(name, "reference", "native", found["reference"], found["native"])


def machine() -> dict[str, str]:
    """Return a description of the machine and the software that the numbers were measured on."""
    return {
        "cpu": processor(),
        "threads": str(torch.get_num_threads()),
        "system": f"{platform.system()} {platform.machine()}",
        "torch": torch.__version__,
        "ops": native("cpu").name,
    }


def stream_copy_gbps(megabytes: int = 64) -> float:
    """Return the GB/s read and written by copying an array too large for the caches."""
    source = torch.ones(megabytes * 2**18)
    target = torch.empty_like(source)
    found = least_ms({"copy": lambda: target.copy_(source)}, 8)["copy"]
    return 2 * source.numel() * 4 / found / 1e6


def matmul_gflops(side: int = 1024, dtype: torch.dtype = torch.float32) -> float:
    """Return the GFLOP/s of a product of two square matrices."""
    a = torch.randn(side, side).to(dtype)
    return float(2 * side**3 / least_ms({"product": lambda: a @ a}, 5)["product"] / 1e6)


def orders(name: str, f: Callable[[Tensor], Tensor], x: Tensor, rounds: int) -> Iterator[Ratio]:
    """Compare f, its backward pass dx = f'(x) dy, and the derivative of dx with respect to dy, each separately."""
    yield native_ratio(f"{name}, forward", lambda: f(x), rounds)
    first, second = {}, {}
    for which, kernels in implementations().items():
        with using(kernels):
            first[which], second[which] = _derivatives(f, x.clone(memory_format=torch.preserve_format).requires_grad_())
    for order, works in (("backward", first), ("double backward", second)):
        found = least_ms(works, rounds)
        yield Ratio(f"{name}, {order}", "reference", "native", found["reference"], found["native"])


def _derivatives(f: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Work, Work]:
    y = f(x * 1)
    dy = torch.ones_like(y).requires_grad_()
    (dx,) = torch.autograd.grad(y, x, dy, create_graph=True)
    v = torch.ones_like(dx)
    return (
        lambda: torch.autograd.grad(y, x, dy.detach(), retain_graph=True),
        lambda: torch.autograd.grad(dx, dy, v, retain_graph=True),
    )
