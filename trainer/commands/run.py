"""python -m trainer run: one attempt of a trial created by the orchestrator, or a standalone run."""

import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from pydantic import ValidationError

from trainer.command_line.group import epilog, new_app, taking_several
from trainer.command_line.options import names_in
from trainer.commands.arguments import positive
from trainer.commands.measurable import doubts_about, tell
from trainer.config.dataset.config import DataDescription
from trainer.config.dataset.describe import describe, locate
from trainer.config.identity import trial_id
from trainer.config.job import Job
from trainer.config.metrics.families import DETECTOR
from trainer.config.options import OpsChoice, RunOptions
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig
from trainer.config.transfer import located
from trainer.errors import UserError
from trainer.files import replace_file
from trainer.record import RunDir
from trainer.runtime.launch import launch
from trainer.runtime.ranks import find_place
from trainer.runtime.signals import StopRequest

EXAMPLES = """Examples:
  python -m trainer run --out runs/1 --data set.zip --preset tiny32 --kimg 20
  python -m trainer run --out runs/2 --data set.zip --set augment=none
  python -m trainer run --dir STORE/trials/ab/ab12... --attempt 1

Repeat the command to continue. Exit codes: 0 done, 2 user error, 70 bug,
75 stopped by a signal (run it again).
"""
TRIAL, OWN = "A trial in a store", "A standalone run"
METRICS = RunOptions.model_fields["metrics"].default

DirOption = Annotated[
    Path | None, typer.Option("--dir", rich_help_panel=TRIAL, help="Trial directory, with trial.json.")
]
AttemptOption = Annotated[
    int | None, typer.Option("--attempt", rich_help_panel=TRIAL, help="Attempt number, with its job.json.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", rich_help_panel=OWN, help="Run directory; created if missing.")
]
DataOption = Annotated[
    str | None, typer.Option("--data", rich_help_panel=OWN, help="Folder, ZIP, or name of a data set.")
]
PresetOption = Annotated[str, typer.Option("--preset", rich_help_panel=OWN, help="Preset to start from.")]
KimgOption = Annotated[
    float, typer.Option("--kimg", rich_help_panel=OWN, help="Length of training in thousands of images.")
]
MetricsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--metrics",
        metavar="NAME ...",
        rich_help_panel=OWN,
        help="Metrics to measure; none if empty.",
        show_default=" ".join(METRICS),
    ),
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, rich_help_panel=OWN, help="CPU threads per process.")]
OpsOption = Annotated[OpsChoice, typer.Option("--ops", rich_help_panel=OWN, help="Implementation of the operations.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE ...", rich_help_panel=OWN, help="Settings that override the preset."),
]
RanksOption = Annotated[
    int | None,
    typer.Option("--ranks", min=1, help="Processes that share each batch.", show_default="one per GPU"),
]

app = new_app()


class StandaloneRun(NamedTuple):
    """A standalone run: what to train, on which data, and how far."""

    directory: Path
    data: str
    preset: str
    kimg: float
    metrics: tuple[str, ...]
    threads: int
    ops: OpsChoice
    settings: list[str]


@app.command(epilog=epilog(EXAMPLES), cls=taking_several("--metrics", "--set"))
def run(
    directory: DirOption = None,
    attempt: AttemptOption = None,
    out: OutOption = None,
    data: DataOption = None,
    preset: PresetOption = "auto",
    kimg: KimgOption = 25_000,
    metrics: MetricsOption = None,
    threads: ThreadsOption = 1,
    ops: OpsOption = "auto",
    settings: SetOption = None,
    ranks: RanksOption = None,
) -> int:
    """Train: run one attempt of a trial, or a standalone run."""
    if directory is not None and attempt is not None:
        return carry_out(directory, attempt, ranks)
    if out is None or data is None:
        raise UserError("run", "options are missing", "give --dir and --attempt, or --out and --data; see --help")
    names = METRICS if metrics is None else names_in(metrics)
    given = [one for one in settings or [] if one]
    number = _prepare(StandaloneRun(out, data, preset, positive("--kimg", kimg), names, threads, ops, given))
    return carry_out(out, number, ranks)


def carry_out(directory: Path, number: int, ranks: int | None) -> int:
    """Run an attempt, on several ranks if requested, and return the exit code."""
    from trainer.attempt.run import read_attempt, run_attempt

    attempt = read_attempt(directory, number)
    size = ranks or max(1, math.ceil(attempt.job.resources.gpus))
    if size > 1 and "WORLD_SIZE" not in os.environ and find_place(os.environ).size == 1:
        return launch(["run", "--dir", str(directory), "--attempt", str(number)], size)
    stop = StopRequest()
    stop.listen()
    return run_attempt(attempt, stop)


def _prepare(own: StandaloneRun) -> int:
    """Write trial.json and the next attempt's job.json of a standalone run; return the attempt number."""
    run = RunDir(own.directory)
    path = locate(own.data, own.directory)
    settings = _tree(own.settings)
    config = _resolved({"preset": own.preset, **settings}, describe(path, own.directory))
    doubts = doubts_about(own.metrics, path, DETECTOR)
    _claim(run, config)
    number = len(run.attempts()) + 1
    options = RunOptions(
        horizon_kimg=own.kimg,
        data_path=path.absolute(),
        cache_dir=(own.directory / "cache").absolute(),
        transfer_path=located(str(settings["transfer"])) if settings.get("transfer") else None,
        threads=own.threads,
        ops=own.ops,
        metrics=own.metrics,
    )
    replace_file(run.job(number), Job(attempt=number, token=number, options=options).model_dump_json(indent=1))
    tell(doubts)
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
    """Turn `data.subset=500 augment=none` into a nested tree; values are parsed as JSON if possible, else text."""
    tree: dict[str, object] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise UserError(f"--set {assignment}", "no value", "write KEY=VALUE")
        branch = tree
        *path, leaf = key.split(".")
        for name in path:
            branch = _opened(branch, name, assignment)
        branch[leaf] = _value(text)
    return tree


def _opened(branch: dict[str, object], name: str, assignment: str) -> dict[str, object]:
    """Return the settings called `name` in `branch`; a choice's name alone, as in `augment=fixed`, becomes its type."""
    held = branch.get(name, {})
    inner = {"type": held} if isinstance(held, str) else held
    if not isinstance(inner, dict):
        raise UserError(
            f"--set {assignment}", f"{name} is {json.dumps(held)}, which has no parts", "see: trainer schema"
        )
    branch[name] = inner
    return inner


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
