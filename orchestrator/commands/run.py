"""adasweep run: plan, submit, and watch until everything is done. Running it again continues."""

from orchestrator.commands.execute_plan import execute
from orchestrator.commands.options import (
    BackendOption,
    CpusOption,
    DetachOption,
    DryRunOption,
    HorizonOption,
    LiveCodeOption,
    RecordOption,
    RunFlags,
    TierOption,
    WattsOption,
)
from orchestrator.commands.targets import sweep_file
from orchestrator.dispatch.request import Request
from orchestrator.plan.cost import Tariff
from orchestrator.store.layout import Store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption, SweepArgument

EXAMPLES = """Examples:
  adasweep run sweeps/demo.yaml
  adasweep run demo                     again: continues
  adasweep run demo --backend slurm --detach
"""

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def run(
    sweep: SweepArgument,
    tier: TierOption = "",
    horizon_kimg: HorizonOption = None,
    backend: BackendOption = "local",
    cpus: CpusOption = None,
    detach: DetachOption = False,
    dry_run: DryRunOption = False,
    record: RecordOption = True,
    live_code: LiveCodeOption = False,
    watts: WattsOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Run what a sweep still needs, and watch it. Ctrl-C saves and stops; repeat the command to continue."""
    place = Store(store)
    file, tier = sweep_file(place, sweep, tier)
    request = Request(file, tier, horizon_kimg, Tariff(watts), backend, cpus, detach=detach)
    return execute(place, request, RunFlags(detach, dry_run, as_json, record, live_code))
