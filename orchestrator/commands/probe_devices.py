"""Measures the speed of training on 1, 2, 4 … devices of this machine, with the batch fixed: once per shape."""

from orchestrator.backends.local.backend import LocalBackend
from orchestrator.commands.benchmark import measured
from orchestrator.dispatch.planner import cells_to_size, sweep_to_size
from orchestrator.dispatch.request import Request
from orchestrator.display.output import progress_console
from orchestrator.errors import PlanError, SetupError
from orchestrator.plan.device_curve import read_curve, write_curve
from orchestrator.plan.devices import costliest, shared_evenly
from orchestrator.plan.right_size import DevicePoint, powers_of_two
from orchestrator.store.datasets import lookup
from orchestrator.store.layout import Store
from orchestrator.sweep.requested_resources import DeviceKind
from orchestrator.sweep.trial import Trial


def execute(store: Store, request: Request) -> None:
    """Measure the curve of the sweep's costliest cell on this machine, unless it was measured before."""
    store.require_writable()
    sweep = sweep_to_size(store, request)
    trials = cells_to_size(sweep, lookup(store))
    kind: DeviceKind = sweep.spec.resources.chosen or ("gpus" if sweep.spec.resources.gpus else "cpus")
    if not trials:
        raise PlanError(request.file, "has no valid cell to measure", "see: adasweep plan")
    trial = costliest(trials)
    if read_curve(store.benchmarks, trial.config, kind):
        return
    curve = []
    for count in counts(store, request, kind, trials):
        progress_console().print(f"Measuring the speed of {trial.cell} on {count} {kind} here", markup=False)
        found = measured(store, trial, *_options(trial, kind, count), "--ops", sweep.spec.watch.ops)
        curve.append(DevicePoint(count, 1000 / found.seconds_per_kimg))
    write_curve(store.benchmarks, trial.config, kind, curve)


def counts(store: Store, request: Request, kind: DeviceKind, trials: list[Trial]) -> list[int]:
    """Return the numbers of devices to measure: 1, 2, 4 … as far as this machine and the batches allow."""
    capacity = LocalBackend(store, request.cpus).capacity
    most = capacity.gpus if kind == "gpus" else capacity.cpus
    if not most:
        raise SetupError("plan --probe", "this machine has no GPU", "probe where there are some, with this store")
    return [count for count in powers_of_two(most) if shared_evenly(count, kind, trials)]


def _options(trial: Trial, kind: DeviceKind, count: int) -> list[str]:
    if kind == "gpus":
        return ["--threads", str(trial.resources.cpus), "--ranks", str(count)]
    return ["--threads", str(count)]
