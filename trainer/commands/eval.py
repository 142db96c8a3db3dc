"""python -m trainer eval: metrics and probes of the snapshots that a run by hand has kept, or of one snapshot file."""

import argparse
import sys
from pathlib import Path

from trainer.commands.run import execute as run_command
from trainer.config.job import Job
from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.metrics.names import detector_name, distance_name, parse_metric
from trainer.config.options import RunOptions
from trainer.config.probes import parse_probe
from trainer.data.dataset import full_set
from trainer.errors import UserError
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.feature_networks import Judges
from trainer.evaluation.samples import Samples
from trainer.files import replace_file, strict_json
from trainer.images.latents import load_generator
from trainer.record import RunDir
from trainer.runtime.console import progress
from trainer.runtime.ranks import Place
from trainer.runtime.torch_settings import settle
from trainer.runtime.world import device_of

EXAMPLES = """examples:
  python -m trainer eval runs/first --metrics fid10k_full ppl2k_wend --seeds 3 --probes jacobian trgb
  python -m trainer eval best.safetensors --data pictures.zip --metrics fid10k_full

Of a run's directory, what is missing of every kept snapshot is appended to metrics.jsonl; of a snapshot file, the
numbers are printed as lines of JSON."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = EXAMPLES
    metrics = RunOptions.model_fields["metrics"].default
    parser.add_argument("subject", type=Path, help="the directory of a run, or a snapshot")
    parser.add_argument("--metrics", nargs="*", default=metrics, help=f"(default: {' '.join(metrics)})")
    parser.add_argument("--probes", nargs="*", default=(), help="probes of a run's snapshots, such as jacobian")
    parser.add_argument("--detector", default=DETECTOR, help=f"(default: {DETECTOR}) or inception:/path/to/file.pt")
    parser.add_argument("--distance", default=DISTANCE, help=f"(default: {DISTANCE}) or vgg16:/path/to/vgg16.pt")
    parser.add_argument("--seeds", type=int, default=1, help="sets of generated images (default: 1)")
    parser.add_argument("--data", type=Path, help="the real images, for a snapshot file")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="for a snapshot file (default: cache)")
    parser.add_argument("--mirror", action="store_true", help="add mirror images to the real ones of a snapshot file")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    parser.add_argument("--ranks", type=int, help="processes that share the work on a run's snapshots")


def execute(arguments: argparse.Namespace) -> int:
    """Measure, and return the exit code."""
    _check(arguments)
    if arguments.subject.is_dir():
        return _measure_run(arguments)
    return _measure_file(arguments)


def _check(arguments: argparse.Namespace) -> None:
    for name in arguments.metrics:
        parse_metric(name)
    for name in arguments.probes:
        parse_probe(name)
    detector_name(arguments.detector)
    distance_name(arguments.distance)
    if arguments.seeds < 1:
        raise UserError("--seeds", f"{arguments.seeds} is less than 1")


def _measure_run(arguments: argparse.Namespace) -> int:
    run = RunDir(arguments.subject)
    numbers = run.attempts()
    if not numbers:
        raise UserError(arguments.subject, "no run was made here", "name the directory given to: trainer run --out")
    last = Job.model_validate_json(run.job(numbers[-1]).read_text(encoding="utf-8"))
    options = last.options.model_copy(update=_wanted(arguments))
    changes = {"attempt": last.attempt + 1, "token": last.token + 1, "work": "evaluate", "options": options}
    job = last.model_copy(update=changes)
    replace_file(run.job(job.attempt), job.model_dump_json(indent=1))
    return run_command(argparse.Namespace(dir=run.path, attempt=job.attempt, ranks=arguments.ranks))


def _wanted(arguments: argparse.Namespace) -> dict[str, object]:
    return {
        "metrics": tuple(arguments.metrics),
        "probes": tuple(arguments.probes),
        "detector": arguments.detector,
        "distance": arguments.distance,
        "evaluation_seeds": arguments.seeds,
        "threads": arguments.threads,
    }


def _measure_file(arguments: argparse.Namespace) -> int:
    """Print the numbers of one snapshot as lines of JSON. Raises UserError where no data is named."""
    if arguments.data is None:
        raise UserError("--data", "is missing", "name the real images that the snapshot is held against")
    settle(arguments.threads)
    device = device_of(Place())
    generator = load_generator(arguments.subject).to(device)
    reference = full_set(arguments.data, arguments.cache)
    judges = Judges(arguments.detector, arguments.distance, device)
    labels_of = reference if generator.condition_dim else reference.unlabelled()
    with progress("evaluating") as tick:
        for seed in range(arguments.seeds):
            tick(seed, arguments.seeds)
            values = evaluate(
                Samples(generator, labels_of, seed),
                reference,
                arguments.metrics,
                judges,
                arguments.cache,
                seed,
                arguments.mirror,
            )
            sys.stdout.writelines(strict_json(value.row()) + "\n" for value in values)
    return 0
