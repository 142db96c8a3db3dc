"""Preflight checks: problems that can be found before a job starts. `plan` and `run` report all of them at once."""

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
"""Returns why a backend can never provide these resources, or ""."""

KeyProblem = tuple[KeyPath, str]
"""The key of a sweep that is wrong, and what is wrong."""

CELLS_SHOWN = 3


def runtime_problems(sweep: Sweep, trials: Sequence[Trial], lacks: Lacks) -> list[Problem]:
    """Return the problems that would make trials fail."""
    return [*measuring_problems(sweep, trials, lacks), *_snapshot_problems(sweep, trials)]


def measuring_problems(
    sweep: Sweep, trials: Sequence[Trial], lacks: Lacks, options: Container[str] = ()
) -> list[Problem]:
    """Return the problems that would make evaluations fail; `options` are keys replaced on the command line."""

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
    """Yield the networks of metrics whose files are missing."""
    used = {FAMILIES[parse_metric(name).family].source for name in spec.metrics}
    for kind, given, wants_file in (("detector", spec.detector, "inception"), ("distance", spec.distance, "vgg16")):
        name, _, path = given.partition(":")
        if kind in used and name == wants_file and not Path(path).is_file():
            yield (kind,), f"there is no file {path!r}; write {wants_file}:/path/to/file.pt"


def _device_problems(sweep: Sweep, trials: Sequence[Trial], lacks: Lacks) -> Iterator[KeyProblem]:
    requested = {trial.resources: trial for trial in reversed(trials)}
    for resources, trial in requested.items():
        if why := lacks(resources):
            yield _set_by("resources", sweep), f"{why} (cell {trial.cell})"


def _snapshot_problems(sweep: Sweep, trials: Sequence[Trial]) -> Iterator[Problem]:
    """Yield the snapshots that do not fit the networks initialised from them, each with its cells."""
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
    """Return the key under which a sweep sets a group of settings for all cells."""
    key = next((key for key in sweep.spec.base if key.partition(".")[0] == group), "")
    return ("base", key) if key else (group,)
