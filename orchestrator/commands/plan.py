"""adasweep plan: show what a sweep would run, why, and what it would cost. Changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import typer

from orchestrator.commands import benchmark, probe_devices
from orchestrator.commands.options import BackendOption, CpusOption, HorizonOption, TierOption, WattsOption
from orchestrator.commands.targets import sweep_file
from orchestrator.dispatch.planner import collector_paused, plan_sweep, problems_of_plan
from orchestrator.dispatch.request import Request
from orchestrator.display.output import print_json, result_console
from orchestrator.display.plan_table import diff_table, plan_table, warnings
from orchestrator.errors import SweepError, require_none
from orchestrator.plan.cost import Tariff
from orchestrator.plan.diff import diff
from orchestrator.plan.plan_document import plan_document, plan_file_of
from orchestrator.plan.plan_file import stored_plan
from orchestrator.recorders.target import readable_target
from orchestrator.store.layout import Store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption, SweepArgument
from trainer.command_line.table import show
from trainer.errors import UserError

EXAMPLES = """Examples:
  adasweep plan sweeps/demo.yaml --tier smoke
  adasweep plan demo --diff             changes since the last plan that was run
  adasweep plan demo --benchmark        measure the speed here first
  adasweep plan demo --probe            also on 1, 2, 4 … threads or GPUs
"""
KwhOption = Annotated[float | None, typer.Option("--per-kwh", help="Price of a kWh.")]
GpuHourOption = Annotated[float | None, typer.Option("--per-gpu-hour", help="Price of a GPU-hour.")]
BenchmarkOption = Annotated[
    bool, typer.Option("--benchmark", help="First measure the speed of this machine, for better estimates.")
]
ProbeOption = Annotated[
    bool, typer.Option("--probe", help="First measure the speed on 1, 2, 4 … devices, for `resources: {gpus: auto}`.")
]
DiffOption = Annotated[bool, typer.Option("--diff", help="Show only the changes since the last plan that was run.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def plan(
    sweep: SweepArgument,
    tier: TierOption = "",
    horizon_kimg: HorizonOption = None,
    against_last: DiffOption = False,
    measure: BenchmarkOption = False,
    probe: ProbeOption = False,
    backend: BackendOption = "local",
    cpus: CpusOption = None,
    watts: WattsOption = None,
    per_kwh: KwhOption = None,
    per_gpu_hour: GpuHourOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Show what a sweep would run, why, and what it would cost. Changes nothing."""
    place = Store(store)
    file, tier = sweep_file(place, sweep, tier)
    request = Request(file, tier, horizon_kimg, Tariff(watts, per_kwh, per_gpu_hour), backend, cpus)
    if probe:
        probe_devices.execute(place, request)
    if measure:
        benchmark.execute(place, request)
    return execute(place, request, as_json=as_json, against_last=against_last)


@collector_paused()
def execute(store: Store, request: Request, *, as_json: bool, against_last: bool) -> int:
    """Print the plan, or its differences from the last one that was run."""
    try:
        plan = plan_sweep(store, request)
    except SweepError as error:
        if not as_json:
            show(result_console(), warnings((*error.cautions, *_not_recordable(store))))
        raise
    plan = replace(plan, cautions=(*plan.cautions, *_not_recordable(store)))
    changes = diff(stored_plan(store, plan.sweep.key), plan_file_of(plan)) if against_last else []
    if as_json:
        print_json({"changes": [change._asdict() for change in changes]} if against_last else plan_document(plan))
    else:
        show(result_console(), diff_table(changes) if against_last else plan_table(plan))
    require_none(problems_of_plan(plan, request))
    return 0


def _not_recordable(store: Store) -> Iterator[str]:
    """Yield why `run` will refuse to record, if it will."""
    try:
        readable_target(store)
    except UserError as error:
        yield f"{error}; or run with --no-record"
