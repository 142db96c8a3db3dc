"""python -m trainer eval: metrics and probes of the kept snapshots of a standalone run, or of one snapshot file."""

import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from trainer.command_line.group import epilog, new_app, taking_several
from trainer.command_line.options import names_in
from trainer.commands.arguments import DetectorOption, DistanceOption, ThreadsOption
from trainer.commands.measurable import doubts_about, tell
from trainer.commands.run import carry_out
from trainer.config.dataset.companion import locate_test_images
from trainer.config.dataset.describe import describe
from trainer.config.job import Job
from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.metrics.names import detector_name, distance_name, parse_metric
from trainer.config.options import RunOptions
from trainer.config.probes import parse_probe
from trainer.config.spec import MOST_EVALUATION_SEEDS
from trainer.config.transfer import networks_of
from trainer.data.dataset import full_set
from trainer.errors import UserError
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.samples import Samples
from trainer.files import replace_file, strict_json
from trainer.images.latents import load_generator
from trainer.ops.choice import choose
from trainer.ops.kernels import using
from trainer.record import RunDir
from trainer.runtime.console import progress
from trainer.runtime.ranks import Place
from trainer.runtime.torch_settings import configure_process
from trainer.runtime.world import device_of

EXAMPLES = """Examples:
  python -m trainer eval runs/first --metrics fid10k_full ppl2k_wend --seeds 3
  python -m trainer eval runs/first --probes jacobian trgb
  python -m trainer eval best.safetensors --data set.zip --metrics fid10k_full

For a run directory, missing results of every kept snapshot are appended to
metrics.jsonl; for a snapshot file, results are printed as JSON lines.
"""
METRICS = RunOptions.model_fields["metrics"].default
FILE = "For a snapshot file"

SubjectArgument = Annotated[Path, typer.Argument(metavar="SUBJECT", help="A run directory or a snapshot file.")]
MetricsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--metrics", metavar="NAME ...", help="Metrics to measure; none if empty.", show_default=" ".join(METRICS)
    ),
]
ProbesOption = Annotated[
    list[str] | None,
    typer.Option("--probes", metavar="NAME ...", help="Probes to run on a run's snapshots: jacobian ..."),
]
SeedsOption = Annotated[
    int, typer.Option("--seeds", min=1, max=MOST_EVALUATION_SEEDS, help="Sets of generated images, seeds 0, 1, ...")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", rich_help_panel=FILE, help="The real images to compare with.")
]
CacheOption = Annotated[Path, typer.Option("--cache", rich_help_panel=FILE, help="Folder of decoded images.")]
MirrorOption = Annotated[
    bool, typer.Option("--mirror", rich_help_panel=FILE, help="Add mirrored copies of the real images.")
]
RanksOption = Annotated[
    int | None, typer.Option("--ranks", min=1, help="Processes that share the work on a run's snapshots.")
]

app = new_app()


class EvaluationRequest(NamedTuple):
    """What to measure, and with which feature networks."""

    metrics: tuple[str, ...]
    probes: tuple[str, ...]
    detector: str
    distance: str
    seeds: int
    threads: int


class RealImages(NamedTuple):
    """The real images to compare a snapshot file with."""

    data: Path
    cache: Path
    mirror: bool


@app.command("eval", epilog=epilog(EXAMPLES), cls=taking_several("--metrics", "--probes"))
def evaluate_command(
    subject: SubjectArgument,
    metrics: MetricsOption = None,
    probes: ProbesOption = None,
    detector: DetectorOption = DETECTOR,
    distance: DistanceOption = DISTANCE,
    seeds: SeedsOption = 1,
    threads: ThreadsOption = 1,
    ranks: RanksOption = None,
    data: DataOption = None,
    cache: CacheOption = Path("cache"),
    mirror: MirrorOption = False,
) -> int:
    """Evaluate the snapshots of a run, or one snapshot file."""
    names = METRICS if metrics is None else names_in(metrics)
    wanted = EvaluationRequest(names, names_in(probes), detector, distance, seeds, threads)
    _check(wanted)
    if subject.is_dir():
        _require_unused({"--data": data, "--mirror": mirror}, "is for snapshot files; runs have their own data")
        return _measure_run(RunDir(subject), wanted, ranks)
    _require_unused({"--probes": probes, "--ranks": ranks}, "is for the directory of a run, not for a snapshot file")
    if data is None:
        raise UserError("--data", "is missing", "name the real images to compare the snapshot with")
    _require_same_images(subject, data)
    tell(doubts_about(names, data.resolve(), detector))
    return _measure_file(subject, wanted, RealImages(data, cache, mirror))


def _require_unused(options: dict[str, object], why: str) -> None:
    """Raise UserError if one of these options, by name, was given."""
    for name, value in options.items():
        if value:
            raise UserError(name, why, "leave it out")


def _require_same_images(snapshot: Path, data: Path) -> None:
    """Raise UserError if a snapshot generates images of another size or kind, or of other classes, than `data` has."""
    made, real = networks_of(snapshot), describe(data.resolve(), data.resolve().parent)
    pairs = [("resolution", made.resolution, real.resolution), ("channels", made.channels, real.channels)]
    if made.condition_dim:
        pairs.append(("classes", made.condition_dim, real.classes))
    found = ", ".join(f"{what} {there} there and {here} here" for what, here, there in pairs if here != there)
    if found:
        raise UserError(
            "--data", f"{data} does not fit {snapshot.name}: {found}", "compare with images like those it learnt"
        )


def _check(wanted: EvaluationRequest) -> None:
    for name in wanted.metrics:
        parse_metric(name)
    for name in wanted.probes:
        parse_probe(name)
    detector_name(wanted.detector)
    distance_name(wanted.distance)


def _measure_run(run: RunDir, wanted: EvaluationRequest, ranks: int | None) -> int:
    numbers = run.attempts()
    if not numbers:
        raise UserError(run.path, "contains no run", "give the directory that was passed to: trainer run --out")
    last = Job.model_validate_json(run.job(numbers[-1]).read_text(encoding="utf-8"))
    tell(doubts_about(wanted.metrics, last.options.data_path, wanted.detector))
    chosen = wanted._asdict() | {"evaluation_seeds": wanted.seeds}
    del chosen["seeds"]
    options = last.options.model_copy(update=chosen)
    changes = {"attempt": last.attempt + 1, "token": last.token + 1, "work": "evaluate", "options": options}
    job = last.model_copy(update=changes)
    replace_file(run.job(job.attempt), job.model_dump_json(indent=1))
    return carry_out(run.path, job.attempt, ranks)


def _measure_file(snapshot: Path, wanted: EvaluationRequest, real: RealImages) -> int:
    """Print the results of one snapshot as JSON lines."""
    configure_process(wanted.threads)
    device = device_of(Place())
    generator = load_generator(snapshot).to(device)
    reference = full_set(real.data, real.cache)
    feature_networks = FeatureNetworks(wanted.detector, wanted.distance, device)
    compared = [parse_metric(name) for name in wanted.metrics]
    tests = full_set(locate_test_images(real.data), real.cache) if any(spec.test for spec in compared) else None
    labels_of = reference if generator.condition_dim else reference.unlabelled()
    with using(choose("auto", device.type)), progress("evaluating") as tick:
        for seed in range(wanted.seeds):
            tick(seed, wanted.seeds)
            samples = Samples(generator, labels_of, seed)
            values = evaluate(
                samples, reference, wanted.metrics, feature_networks, real.cache, seed, real.mirror, test_images=tests
            )
            sys.stdout.writelines(strict_json(value.row()) + "\n" for value in values)
    return 0
