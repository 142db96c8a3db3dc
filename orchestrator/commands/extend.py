"""adasweep extend: train every trial of a sweep to a longer horizon."""

from typing import Annotated

import typer

from orchestrator.commands.execute_plan import execute
from orchestrator.commands.options import BackendOption, CpusOption, DetachOption, LiveCodeOption, RunFlags, TierOption
from orchestrator.commands.targets import sweep_file
from orchestrator.dispatch.request import Request
from orchestrator.store.layout import Store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption, SweepArgument

EXAMPLES = """Examples:
  adasweep extend sweeps/demo.yaml 48
  adasweep extend demo 48
"""
KimgArgument = Annotated[float, typer.Argument(metavar="KIMG", help="The new horizon, in thousands of images.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def extend(
    sweep: SweepArgument,
    horizon_kimg: KimgArgument,
    tier: TierOption = "",
    backend: BackendOption = "local",
    cpus: CpusOption = None,
    detach: DetachOption = False,
    live_code: LiveCodeOption = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Train every trial of a sweep to a longer horizon.

    Short for: run SWEEP --horizon-kimg KIMG, which may shorten runs, too.
    """
    place = Store(store)
    file, tier = sweep_file(place, sweep, tier)
    request = Request(file, tier, horizon_kimg, backend=backend, cpus=cpus)
    flags = RunFlags(detach=detach, as_json=as_json, live_code=live_code, may_shorten=False)
    return execute(place, request, flags)
