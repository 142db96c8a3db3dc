"""python -m trainer probe: what training and evaluation cost on this machine, measured in seconds."""

import argparse
import json
import sys
import time
from pathlib import Path

from trainer.attempt.assemble import make_parts, make_stepper
from trainer.config.metrics.families import DETECTOR
from trainer.config.train import TrainConfig
from trainer.data.dataset import TrainSet
from trainer.evaluation.inline import presented
from trainer.evaluation.samples import Samples
from trainer.files import strict_json
from trainer.recording.telemetry import peak_memory_gib
from trainer.runtime.ranks import Place
from trainer.runtime.torch_settings import settle
from trainer.runtime.world import World, device_of

ITERATIONS = 16
IMAGES = 128


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example:\n  python -m trainer probe --config trial.json --data set.zip --cache cache"
    parser.add_argument("--config", type=Path, required=True, help="a trial.json, or a TrainConfig as JSON")
    parser.add_argument("--data", type=Path, required=True, help="the data set's folder or ZIP")
    parser.add_argument("--cache", type=Path, required=True, help="where decoded images are kept")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")


def execute(arguments: argparse.Namespace) -> int:
    """Print the measurement as one JSON object."""
    settle(arguments.threads)
    tree = json.loads(arguments.config.read_text(encoding="utf-8"))
    config = TrainConfig.model_validate(tree.get("config", tree))
    sys.stdout.write(strict_json(measure(config, arguments.data, arguments.cache)) + "\n")
    return 0


def measure(config: TrainConfig, data: Path, cache: Path) -> dict[str, float]:
    """Return seconds per kimg, seconds per thousand evaluated images (generation and features) and peak memory in GiB.

    Sixteen iterations hold every phase as often as a long run does; one more before them warms up.
    """
    from trainer.metrics.detectors import load_detector

    device = device_of(Place())
    train_set = TrainSet(config.data, data, cache)
    stepper = make_stepper(config, make_parts(config, device), train_set, World(device=device))
    stepper.step()
    started, shown = time.perf_counter(), stepper.state.images
    for _ in range(ITERATIONS):
        stepper.step()
    per_kimg = (time.perf_counter() - started) / ((stepper.state.images - shown) / 1000)
    detector = load_detector(DETECTOR, device)
    started = time.perf_counter()
    average = presented(stepper.state.average, train_set)
    for batch in Samples(average, train_set).images(IMAGES):
        detector.features(batch.images)
    per_thousand = (time.perf_counter() - started) / (IMAGES / 1000)
    return {
        "seconds_per_kimg": per_kimg,
        "seconds_per_thousand_evaluated": per_thousand,
        "peak_memory_gib": peak_memory_gib(),
    }
