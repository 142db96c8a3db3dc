"""Where the time of an iteration goes, from torch's profiler: convolutions and matrix products against the rest."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks.bench_iteration import COMPARED, Bench
from benchmarks.ratios import Rate, implementations

PROFILED = {name: row for name, row in COMPARED.items() if row.resolution == 256 or row.channel_base == 512}
OURS = "ours: "  # prefix of operations that have two implementations

CONVOLUTIONS = ("aten::convolution", "aten::_convolution", "aten::mkldnn_convolution", "aten::convolution_backward")
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::mkldnn_linear")
DENSE = "convolutions and matrix products"
RESAMPLING = "resampling"
REST = "element-wise operations, sums, copies"
BETWEEN = "Python and autograd between operations"


class Traced:
    """Kernels whose calls the profiler records."""

    def __init__(self, kernels: Any) -> None:
        self._kernels = kernels

    def __getattr__(self, name: str) -> Callable[..., Any]:
        work = getattr(self._kernels, name)

        def traced(*inputs: Any) -> Any:
            with record_function(OURS + name):
                return work(*inputs)

        return traced


def shares(rounds: int) -> Iterator[Rate]:
    """Measure the share of each kind of work, in percent of an iteration, for both implementations."""
    for name, row in PROFILED.items():
        for which, kernels in implementations().items():
            bench = Bench(row, Traced(kernels))  # type: ignore[arg-type]
            found = _microseconds(bench, rounds)
            for kind in (DENSE, RESAMPLING, REST, BETWEEN):
                share = 100 * found[kind] / found.total()
                yield Rate(f"{kind}, {which}, {name}", share, 100, "the whole iteration", "%")


def _microseconds(bench: Bench, rounds: int) -> Counter[str]:
    """Return the microseconds of each kind, averaged over the lazy intervals."""
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
