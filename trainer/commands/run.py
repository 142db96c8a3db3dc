"""python -m trainer run: one attempt of a trial that the orchestrator made, or a run by hand."""

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

from pydantic import ValidationError

from trainer.attempt.run import read_attempt, run_attempt
from trainer.config.dataset.config import DataDescription
from trainer.config.dataset.describe import describe, locate
from trainer.config.identity import trial_id
from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig
from trainer.config.transfer import located
from trainer.errors import UserError
from trainer.files import replace_file
from trainer.record import RunDir
from trainer.runtime.launch import launch
from trainer.runtime.ranks import find_place
from trainer.runtime.signals import StopRequest

EXAMPLES = """examples:
  python -m trainer run --out runs/first --data pictures.zip --preset tiny32 --kimg 20
  python -m trainer run --out runs/second --data pictures.zip --preset tiny32 --set augment=none data.subset=500
  python -m trainer run --dir STORE/trials/ab/ab12... --attempt 1

The same command again continues. Exit codes: 0 done, 2 user error, 75 stopped by a signal (run me again)."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = EXAMPLES
    trial = parser.add_argument_group("a trial of a store")
    trial.add_argument("--dir", type=Path, help="the trial's directory, with trial.json")
    trial.add_argument("--attempt", type=int, help="the number of the attempt, with its job.json")
    own = parser.add_argument_group("a run by hand")
    own.add_argument("--out", type=Path, help="the directory of the run; made if it is not there")
    own.add_argument("--data", help="a folder, a ZIP, or the name of a known data set")
    own.add_argument("--preset", default="auto", help="what to start from (default: auto)")
    own.add_argument("--kimg", type=float, default=25_000, help="thousands of real images to show (default: 25000)")
    metrics = RunOptions.model_fields["metrics"].default
    own.add_argument("--metrics", nargs="*", default=metrics, help=f"(default: {' '.join(metrics)}); nothing for none")
    own.add_argument("--threads", type=int, default=1, help="CPU threads of each process (default: 1)")
    own.add_argument("--ops", choices=["auto", "native", "reference"], default="reference", help="(default: reference)")
    parser.add_argument("--ranks", type=int, help="processes that share each batch (default: one for every GPU)")
    own.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings that differ from the preset")


def execute(arguments: argparse.Namespace) -> int:
    """Train, and return the exit code."""
    directory, number = _which(arguments)
    attempt = read_attempt(directory, number)
    ranks = arguments.ranks or max(1, math.ceil(attempt.job.resources.gpus))
    if ranks > 1 and "WORLD_SIZE" not in os.environ and find_place(os.environ).size == 1:
        return launch(["run", "--dir", str(directory), "--attempt", str(number)], ranks)
    stop = StopRequest()
    stop.listen()
    return run_attempt(attempt, stop)


def _which(arguments: argparse.Namespace) -> tuple[Path, int]:
    """Return the trial's directory and the number of the attempt, made if this is a run by hand."""
    if arguments.dir is not None and arguments.attempt is not None:
        return arguments.dir, arguments.attempt
    if arguments.out is None or arguments.data is None:
        raise UserError("run", "not enough said", "give --dir and --attempt, or --out and --data; see --help")
    return arguments.out, _prepare(arguments)


def _prepare(arguments: argparse.Namespace) -> int:
    """Write trial.json and the next attempt's job.json of a run by hand; return the attempt's number."""
    run = RunDir(arguments.out)
    path = locate(arguments.data, arguments.out)
    settings = _tree(arguments.set)
    config = _resolved({"preset": arguments.preset, **settings}, describe(path, arguments.out))
    _claim(run, config)
    number = len(run.attempts()) + 1
    options = RunOptions(
        horizon_kimg=arguments.kimg,
        data_path=path.absolute(),
        cache_dir=(arguments.out / "cache").absolute(),
        transfer_path=located(str(settings["transfer"])) if settings.get("transfer") else None,
        threads=arguments.threads,
        ops=arguments.ops,
        metrics=tuple(arguments.metrics),
    )
    replace_file(run.job(number), Job(attempt=number, token=number, options=options).model_dump_json(indent=1))
    sys.stdout.write(f"trial {trial_id(config)} in {run.path}, attempt {number}\n")
    return number


def _resolved(settings: dict[str, object], data: DataDescription) -> TrainConfig:
    try:
        return resolve(settings, data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "settings"
        raise UserError(f"--set {key}", first["msg"].removeprefix("Value error, "), "see: trainer schema") from error


def _claim(run: RunDir, config: TrainConfig) -> None:
    identity = trial_id(config)
    if not run.trial.exists():
        trial = {"schema_version": 1, "id": identity, "config": config.model_dump(mode="json"), "created": time.time()}
        replace_file(run.trial, json.dumps(trial, indent=1))
    elif json.loads(run.trial.read_text())["id"] != identity:
        raise UserError(run.path, "holds another configuration", "choose another --out, or the same settings")


def _tree(assignments: list[str]) -> dict[str, object]:
    """Turn `data.subset=500 augment=none` into a nested tree; values are JSON where they can be, else text."""
    tree: dict[str, object] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise UserError(f"--set {assignment}", "no value", "write KEY=VALUE")
        branch = tree
        *path, leaf = key.split(".")
        for name in path:
            branch = branch.setdefault(name, {})  # type: ignore[assignment]
        branch[leaf] = _value(text)
    return tree


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
