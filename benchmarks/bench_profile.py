"""Where the time of an iteration goes, from torch's profiler: convolutions and matrix products against the rest.

The products, counted by torch's formulas, also give the rate at which they are computed.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks.bench_iteration import COMPARED, Bench
from benchmarks.ratios import Rate, implementations, matmul_gflops
from trainer.ops.geometry import Geometry, NeededGradients
from trainer.ops.native import winograd
from trainer.ops.native.kernels import Native

OURS = "ours: "  # prefix of operations that have two implementations

CONVOLUTIONS = ("aten::convolution", "aten::_convolution", "aten::mkldnn_convolution", "aten::convolution_backward")
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::mkldnn_linear")
DENSE = "convolutions and matrix products"
RESAMPLING = "resampling"
REST = "element-wise operations, sums, copies"
BETWEEN = "Python and autograd between operations"
PEAK = "float32 matrix product"


class Traced:
    """Kernels whose calls the profiler records."""

    def __init__(self, kernels: Any) -> None:
        self.wrapped = kernels

    def __getattr__(self, name: str) -> Callable[..., Any]:
        work = getattr(self.wrapped, name)

        def traced(*inputs: Any) -> Any:
            with record_function(OURS + name):
                return work(*inputs)

        return traced


def shares(rounds: int) -> Iterator[Rate]:
    """Measure the share of each kind of work, in percent of an iteration, and the rate of products, for both sides."""
    peak = matmul_gflops()
    for name, row in COMPARED.items():
        for which, kernels in implementations().items():
            bench = Bench(row, Traced(kernels))  # type: ignore[arg-type]
            found = {kind: spent / rounds for kind, spent in _microseconds(bench, rounds).items()}
            for kind in (DENSE, RESAMPLING, REST, BETWEEN):
                share = 100 * found[kind] / sum(found.values())
                yield Rate(f"{kind}, {which}, {name}", share, 100, "the whole iteration", "%")
            count = products(bench)
            rate = count / found[DENSE] / 1000
            yield Rate(f"{count / 1e9:.1f} GFLOP of products, {which}, {name}", rate, peak, PEAK, "GFLOP/s")


def products(bench: Bench) -> float:
    """Return the floating-point operations of an iteration in convolutions and matrix products."""
    total, kernels = 0.0, bench.kernels
    for phase in bench.phases:
        bench.kernels = tiled = Tiled(kernels)  # type: ignore[assignment]
        with Counted() as counted:
            bench.step(phase)
        total += (counted.operations + tiled.operations) / phase.interval
    bench.kernels = kernels
    return total


class Tiled:
    """Kernels that count the floating-point operations of minimal filtering, which torch does not see."""

    def __init__(self, kernels: Any) -> None:
        self._kernels, self._native, self.operations = kernels, kernels.wrapped, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernels, name)

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        self._count(x, weight, geometry, 1)
        found: Tensor = self._kernels.convolve(x, weight, bias, geometry)
        return found

    def convolve_backward(
        self, dy: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, wanted: NeededGradients
    ) -> Any:
        self._count(x, weight, geometry, sum(wanted[:2]))
        return self._kernels.convolve_backward(dy, x, weight, geometry, wanted)

    def _count(self, x: Tensor, weight: Tensor, geometry: Geometry, times: int) -> None:
        if isinstance(self._native, Native) and self._native.by_tiles(x, weight, geometry):
            self.operations += 2 * times * winograd.products(x, weight, geometry)


class Counted(TorchDispatchMode):
    """Counts floating-point operations: torch's FlopCounterMode hooks modules, and R1 cannot have that."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if count := flop_registry.get(func.overloadpacket):
            self.operations += count(*args, **(kwargs or {}), out_val=found)
        return found


def _microseconds(bench: Bench, rounds: int) -> Counter[str]:
    """Return the microseconds of each kind in `rounds` iterations, averaged over the lazy intervals."""
    found: Counter[str] = Counter()
    bench.run()
    for phase in bench.phases:
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            for _ in range(rounds):
                with record_function("a step of a phase"):
                    bench.step(phase)
        for event in profiler.events():
            found[_kind(event)] += event.self_cpu_time_total / phase.interval
    return found


def _kind(event: Any) -> str:
    above, names = event, []
    while above is not None:
        names.append(above.name)
        above = above.cpu_parent
    if any("esample" in name for name in names):
        return RESAMPLING
    if names[0] in CONVOLUTIONS + PRODUCTS or any(name.startswith(OURS + "convolve") for name in names):
        return DENSE
    if names[0].startswith(("aten::", OURS)) or names[0] in NATIVE:
        return REST
    return BETWEEN


NATIVE = tuple(
    name + side
    for name in ("bias_act", "bias_act_slope", "modulate", "channel_dot", "finish", "warp")
    for side in ("", "Backward")
)
