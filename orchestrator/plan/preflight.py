"""What can be known to fail before a job starts: checked by `plan` and again by `run`, all at once."""

from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

from orchestrator.errors import Problem
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import Trial
from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.job import Resources
from trainer.config.metrics.families import FAMILIES
from trainer.config.metrics.names import parse_metric
from trainer.config.metrics.sizes import undefined
from trainer.config.transfer import networks_of, unfit
from trainer.errors import UserError

Lacks = Callable[[Resources], str]
"""Why a backend can never run what needs such resources; nothing where it can."""

KeyProblem = tuple[KeyPath, str]
"""Which key of a sweep is wrong, and what is."""

CELLS_SHOWN = 3


def runtime_problems(sweep: Sweep, trials: Sequence[Trial], lacks: Lacks) -> list[Problem]:
    """Return everything that would fail once trials run."""
    return [*measuring_problems(sweep, trials, lacks), *_snapshot_problems(sweep, trials)]


def measuring_problems(
    sweep: Sweep, trials: Sequence[Trial], lacks: Lacks, options: Container[str] = ()
) -> list[Problem]:
    """Return everything that would fail once trials are measured; `options` of the command line replaced keys."""

    def problem(path: KeyPath, text: str) -> Problem:
        return Problem("command line", f"--{path[0]}", text) if path[0] in options else sweep.problem(path, text)

    found = [
        *_metric_problems(sweep.spec, trials),
        *_file_problems(sweep.spec),
        *_device_problems(sweep, trials, lacks),
    ]
    return [problem(path, text) for path, text in found]


def _metric_problems(spec: SweepSpec, trials: Sequence[Trial]) -> Iterator[KeyProblem]:
    sizes = {trial.config.data.images for trial in trials}
    for index, name in enumerate(spec.metrics):
        for images in sorted(sizes):
            if why := undefined(parse_metric(name), images):
                yield ("metrics", index), f"{name} is undefined: {why}"


def _file_problems(spec: SweepSpec) -> Iterator[KeyProblem]:
    """Yield the networks of metrics whose files are not there."""
    used = {FAMILIES[parse_metric(name).family].source for name in spec.metrics}
    for kind, given, wants_file in (("detector", spec.detector, "inception"), ("distance", spec.distance, "vgg16")):
        name, _, path = given.partition(":")
        if kind in used and name == wants_file and not Path(path).is_file():
            yield (kind,), f"there is no file {path!r}; write {wants_file}:/path/to/file.pt"


def _device_problems(sweep: Sweep, trials: Sequence[Trial], lacks: Lacks) -> Iterator[KeyProblem]:
    asked = {trial.resources: trial for trial in reversed(trials)}
    for resources, trial in asked.items():
        if why := lacks(resources):
            yield _set_by("resources", sweep), f"{why} (cell {trial.cell})"


def _snapshot_problems(sweep: Sweep, trials: Sequence[Trial]) -> Iterator[Problem]:
    """Yield the snapshots that do not fit the networks that start from them, each with the cells it concerns."""
    cells: dict[tuple[KeyPath, str], list[str]] = {}
    for trial in {trial.cell: trial for trial in reversed(trials)}.values():
        if trial.transfer_path and (why := _misfit(trial, trial.transfer_path)):
            cells.setdefault((_set_by("transfer", sweep), why), []).append(trial.cell)
    for (path, why), concerned in cells.items():
        more = f" and {len(concerned) - CELLS_SHOWN:,} more" if len(concerned) > CELLS_SHOWN else ""
        yield sweep.problem(path, f"{why} (cells {'; '.join(concerned[:CELLS_SHOWN])}{more})")


def _misfit(trial: Trial, snapshot: Path) -> str:
    try:
        found = unfit(networks_of(snapshot), trial.config.networks)
    except UserError as error:
        return str(error)
    return f"{snapshot.name} does not fit: {', '.join(found)}" if found else ""


def _set_by(group: str, sweep: Sweep) -> KeyPath:
    """Return where a sweep sets something of a group of settings for all its cells."""
    key = next((key for key in sweep.spec.base if key.partition(".")[0] == group), "")
    return ("base", key) if key else (group,)
