"""adasweep metrics: evaluate the snapshots of a sweep's trials."""

from typing import Annotated

import typer

from orchestrator.commands.execute_plan import execute
from orchestrator.commands.options import (
    BackendOption,
    CpusOption,
    DetachOption,
    DryRunOption,
    RecordOption,
    RunFlags,
    TierOption,
)
from orchestrator.commands.targets import sweep_file
from orchestrator.dispatch.request import Request, RequestedEvaluation
from orchestrator.store.layout import Store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption, SweepArgument, names_in
from trainer.config.spec import MOST_EVALUATION_SEEDS

EXAMPLES = """Examples:
  adasweep metrics demo --metrics fid2k_full,ppl2k_wend --seeds 3
  adasweep metrics demo --probes jacobian,trgb
"""
MetricsOption = Annotated[
    str | None, typer.Option("--metrics", metavar="A,B,...", help="Other metrics than the file's.")
]
ProbesOption = Annotated[
    str | None, typer.Option("--probes", metavar="A,B,...", help="Probes of snapshots, such as jacobian.")
]
DetectorOption = Annotated[str | None, typer.Option("--detector", metavar="NETWORK", help="lite0, or inception:FILE.")]
DistanceOption = Annotated[str | None, typer.Option("--distance", metavar="NETWORK", help="stlpips, or vgg16:FILE.")]
SeedsOption = Annotated[
    int | None, typer.Option("--seeds", min=1, max=MOST_EVALUATION_SEEDS, help="Sets of generated images per metric.")
]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def metrics(
    sweep: SweepArgument,
    tier: TierOption = "",
    names: MetricsOption = None,
    probes: ProbesOption = None,
    detector: DetectorOption = None,
    distance: DistanceOption = None,
    seeds: SeedsOption = None,
    backend: BackendOption = "local",
    cpus: CpusOption = None,
    detach: DetachOption = False,
    dry_run: DryRunOption = False,
    record: RecordOption = True,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Measure the snapshots of a sweep's trials. Trains nothing, and measures nothing twice."""
    place = Store(store)
    file, tier = sweep_file(place, sweep, tier)
    evaluation = RequestedEvaluation(_listed(names), _listed(probes), detector, distance, seeds)
    request = Request(file, tier, backend=backend, cpus=cpus, evaluation=evaluation)
    return execute(place, request, RunFlags(detach, dry_run, as_json, record))


def _listed(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else names_in(text)
