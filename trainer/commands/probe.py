"""python -m trainer inspect: one probe of one snapshot of a run, outside any job."""

import argparse
import json
import sys
from pathlib import Path

from trainer.config.job import Job
from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.probes import PROBES, parse_probe
from trainer.config.train import TrainConfig
from trainer.data.dataset import TrainSet
from trainer.errors import UserError
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.probes.context import ProbeContext, write_results
from trainer.probes.run import run_probe
from trainer.record import RunDir
from trainer.runtime.ranks import Place
from trainer.runtime.torch_settings import configure_process
from trainer.runtime.world import device_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    listed = "\n".join(f"  {name:14}{probe.help}" for name, probe in PROBES.items())
    parser.epilog = (
        f"probes, each also with a number of images, such as mean-image-1000:\n{listed}\n\n"
        "example:\n  python -m trainer inspect jacobian runs/first/snapshots/best.safetensors jacobian.npz"
    )
    parser.add_argument("probe", help="what to find out")
    parser.add_argument("snapshot", type=Path, help="a snapshot in the directory of its run")
    parser.add_argument("target", type=Path, help="the .npz to write; pictures are put beside it")
    parser.add_argument("--detector", default=DETECTOR, help=f"(default: {DETECTOR}) or inception:/path/to/file.pt")
    parser.add_argument("--distance", default=DISTANCE, help=f"(default: {DISTANCE}) or vgg16:/path/to/vgg16.pt")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")


def execute(arguments: argparse.Namespace) -> int:
    """Probe, and write what was found."""
    parse_probe(arguments.probe)
    configure_process(arguments.threads)
    results = run_probe(arguments.probe, _context(arguments))
    write_results(arguments.target, results)
    sys.stdout.write(f"{arguments.target}: {', '.join(results.arrays)}\n")
    return 0


def _context(arguments: argparse.Namespace) -> ProbeContext:
    """Return the scene of a snapshot, its run being the directory above. Raises UserError where there is no run."""
    run = RunDir(arguments.snapshot.absolute().parent.parent)
    try:
        config = TrainConfig.model_validate(json.loads(run.trial.read_text(encoding="utf-8"))["config"])
        options = Job.model_validate_json(run.job(run.attempts()[-1]).read_text(encoding="utf-8")).options
    except (OSError, ValueError, LookupError) as error:
        raise UserError(
            arguments.snapshot, "does not lie in the directory of a run", "name RUN/snapshots/..."
        ) from error
    device = device_of(Place())
    return ProbeContext(
        arguments.snapshot,
        config,
        TrainSet(config.data, options.data_path, options.cache_dir),
        FeatureNetworks(arguments.detector, arguments.distance, device),
        options.cache_dir,
        device,
        lambda _: None,
    )
