"""python -m trainer probe: run one probe on one snapshot of a run, without a job."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from trainer.command_line.group import epilog, new_app
from trainer.commands.arguments import DetectorOption, DistanceOption, ThreadsOption
from trainer.config.job import Job
from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.probes import PROBES, parse_probe
from trainer.config.train import TrainConfig
from trainer.config.transfer import networks_of, unfit
from trainer.data.dataset import TrainSet
from trainer.errors import UserError
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.ops.choice import choose
from trainer.ops.kernels import using
from trainer.probes.context import ProbeContext, write_results
from trainer.probes.run import run_probe
from trainer.record import RunDir
from trainer.runtime.ranks import Place
from trainer.runtime.torch_settings import configure_process
from trainer.runtime.world import device_of

PROBES_LISTED = "\n".join(f"  {name:<14}{probe.help}" for name, probe in PROBES.items())
EXAMPLES = f"""Probes (append a number of images, as in mean-image-1000):
{PROBES_LISTED}

Example:
  python -m trainer probe jacobian runs/first/snapshots/best.safetensors j.npz
"""
ProbeArgument = Annotated[str, typer.Argument(metavar="PROBE", help="Name of the probe; see below.")]
SnapshotOfRun = Annotated[Path, typer.Argument(metavar="SNAPSHOT", help="A snapshot inside its run directory.")]
TargetArgument = Annotated[
    Path, typer.Argument(metavar="TARGET", help=".npz file to write; pictures go to the same folder.")
]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def probe(
    name: ProbeArgument,
    snapshot: SnapshotOfRun,
    target: TargetArgument,
    detector: DetectorOption = DETECTOR,
    distance: DistanceOption = DISTANCE,
    threads: ThreadsOption = 1,
) -> int:
    """Analyse a snapshot of a run: gradients, Jacobian, leaks, mean image and others."""
    parse_probe(name)
    configure_process(threads)
    context = _context(snapshot, detector, distance)
    with using(choose("auto", context.device.type)):
        results = run_probe(name, context)
    write_results(target, results)
    sys.stdout.write(f"{target}: {', '.join(results.arrays)}\n")
    return 0


def _context(snapshot: Path, detector: str, distance: str) -> ProbeContext:
    """Return the context of a snapshot in RUN/snapshots. Raises UserError if it is not inside a run."""
    run = RunDir(snapshot.absolute().parent.parent)
    try:
        config = TrainConfig.model_validate(json.loads(run.trial.read_text(encoding="utf-8"))["config"])
        options = Job.model_validate_json(run.job(run.attempts()[-1]).read_text(encoding="utf-8")).options
    except (OSError, ValueError, LookupError) as error:
        raise UserError(snapshot, "is not inside a run directory", "give RUN/snapshots/...") from error
    if found := unfit(networks_of(snapshot), config.networks):
        raise UserError(snapshot, f"is not of this run: {', '.join(found)}", "give a snapshot of the run it is in")
    device = device_of(Place())
    return ProbeContext(
        snapshot,
        config,
        TrainSet(config.data, options.data_path, options.cache_dir),
        FeatureNetworks(detector, distance, device),
        options.cache_dir,
        device,
        lambda _: None,
    )
