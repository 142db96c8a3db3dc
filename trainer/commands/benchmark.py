"""python -m trainer benchmark: measure the time and memory of training and evaluation on this machine."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from trainer.attempt.assemble import make_parts, make_stepper
from trainer.command_line.group import epilog, new_app
from trainer.commands.arguments import OpsOption, ThreadsOption
from trainer.config.metrics.families import DETECTOR
from trainer.config.train import TrainConfig
from trainer.data.dataset import TrainSet
from trainer.evaluation.inline import presented
from trainer.evaluation.samples import Samples
from trainer.files import strict_json
from trainer.ops.choice import choose
from trainer.ops.kernels import kernels, using
from trainer.recording.telemetry import peak_memory_gib
from trainer.runtime.launch import launch
from trainer.runtime.ranks import find_place
from trainer.runtime.torch_settings import configure_process
from trainer.runtime.world import World, joined

ITERATIONS = 16
IMAGES = 128


EXAMPLES = """Example:
  python -m trainer benchmark --config trial.json --data set.zip --cache cache
"""
ConfigOption = Annotated[Path, typer.Option("--config", help="A trial.json, or a TrainConfig as JSON.")]
DataOption = Annotated[Path, typer.Option("--data", help="Folder or ZIP of the data set.")]
RanksOption = Annotated[int, typer.Option("--ranks", min=1, help="Processes that share each batch, one per GPU.")]
CacheOption = Annotated[Path, typer.Option("--cache", help="Folder of decoded images.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def benchmark(
    config: ConfigOption,
    data: DataOption,
    cache: CacheOption,
    threads: ThreadsOption = 1,
    ranks: RanksOption = 1,
    ops: OpsOption = "auto",
) -> int:
    """Measure the speed of training and evaluation on this machine; print JSON."""
    place = find_place(os.environ)
    if ranks > 1 and place.size == 1:
        files = ["--config", str(config), "--data", str(data), "--cache", str(cache)]
        return launch(["benchmark", *files, "--threads", str(threads), "--ranks", str(ranks), "--ops", ops], ranks)
    configure_process(threads)
    tree = json.loads(config.read_text(encoding="utf-8"))
    wanted = TrainConfig.model_validate(tree.get("config", tree))
    with joined(place, wanted.micro_batches) as world, using(choose(ops, world.device.type)):
        measured = measure(wanted, data, cache, world)
        if world.is_main:
            sys.stdout.write(strict_json(measured) + "\n")
    return 0


def measure(config: TrainConfig, data: Path, cache: Path, world: World) -> dict[str, float | str]:
    """Return seconds per kimg and per thousand evaluated images (generation and features), peak GiB, operations in use.

    Sixteen iterations run every phase in the proportions of a long run; one warm-up iteration precedes them.
    """
    from trainer.metrics.detectors import load_detector

    train_set = TrainSet(config.data, data, cache)
    stepper = make_stepper(config, make_parts(config, world.device), train_set, world)
    stepper.step()
    started, shown = time.perf_counter(), stepper.state.images
    for _ in range(ITERATIONS):
        stepper.step()
    per_kimg = (time.perf_counter() - started) / ((stepper.state.images - shown) / 1000)
    detector = load_detector(DETECTOR, world.device)
    started = time.perf_counter()
    average = presented(stepper.state.average, train_set)
    for batch in Samples(average, train_set).images(IMAGES):
        detector.features(batch.images)
    per_thousand = (time.perf_counter() - started) / (IMAGES / 1000)
    return {
        "seconds_per_kimg": per_kimg,
        "seconds_per_thousand_evaluated": per_thousand,
        "peak_memory_gib": peak_memory_gib(),
        "ops": kernels().name,
    }
