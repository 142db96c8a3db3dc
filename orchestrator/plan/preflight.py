"""Preflight checks: problems that can be found before a job starts. `plan` and `run` report all of them at once."""

import math
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.errors import Problem
from orchestrator.plan.memory import LARGEST_GPU_GIB, least_gib, machine_gib
from orchestrator.plan.reference_sets import missing_references, reference_sizes
from orchestrator.sweep.claims import well_formed
from orchestrator.sweep.problem_collector import listed
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.stop_rules import Asha
from orchestrator.sweep.trial import Trial
from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.job import Resources
from trainer.config.metrics.families import FAMILIES
from trainer.config.metrics.names import network_of, parse_metric
from trainer.config.metrics.network_file import file_fault
from trainer.config.metrics.sizes import pyramid, undefined
from trainer.config.transfer import networks_of, unfit
from trainer.errors import UserError

Lacks = Callable[[Resources], str]
"""Returns why a backend can never provide these resources, or ""."""

KeyProblem = tuple[KeyPath, str]
"""The key of a sweep that is wrong, and what is wrong."""

LEVEL = re.compile(r"_(\d+)$")
"""The resolution at the end of a metric's name."""


def runtime_problems(sweep: Sweep, trials: Sequence[Trial], lacks: Lacks, backend: str) -> list[Problem]:
    """Return the problems that would make trials fail on the backend of this name, or on any ("")."""
    driver = [sweep.problem(path, text) for path, text in _driver_problems(sweep.spec, trials, backend)]
    memory = [sweep.problem(path, text) for path, text in _memory_problems(sweep, trials, backend)]
    return [*driver, *measuring_problems(sweep, trials, lacks), *memory, *_snapshot_problems(sweep, trials)]


def measuring_problems(
    sweep: Sweep, trials: Sequence[Trial], lacks: Lacks, options: Container[str] = ()
) -> list[Problem]:
    """Return the problems that would make evaluations fail; `options` are keys replaced on the command line."""

    def problem(path: KeyPath, text: str) -> Problem:
        return Problem("command line", f"--{path[0]}", text) if path[0] in options else sweep.problem(path, text)

    found = [
        *_metric_problems(sweep.spec, trials),
        *_level_problems(sweep, trials),
        *_file_problems(sweep.spec),
        *_device_problems(sweep, trials, lacks),
    ]
    return [problem(path, text) for path, text in found]


def _driver_problems(spec: SweepSpec, trials: Sequence[Trial], backend: str) -> Iterator[KeyProblem]:
    """Yield the features of a search that the driver `ray_tune` does not support."""
    if spec.search is None or spec.search.driver != "ray_tune":
        return
    place = ("search", "driver")
    if backend not in ("ray", ""):
        yield place, "ray_tune needs a Ray cluster; add --backend ray, or use driver: optuna"
    axes = spec.cells or spec.zip or spec.grid or any(when.grid for when in spec.when)
    if axes or len(spec.seed_values) > 1:
        yield place, "ray_tune supports one seed and no other axes; use driver: optuna"
    if len(spec.stop) > 1 or any(not isinstance(rule, Asha) for rule in spec.stop):
        yield place, "ray_tune supports only one stop rule, asha; use driver: optuna"
    if any(trial.source for trial in trials):
        yield place, "ray_tune does not train the sources of transfers; use driver: optuna"


def _metric_problems(spec: SweepSpec, trials: Sequence[Trial]) -> Iterator[KeyProblem]:
    for index, name in enumerate(spec.metrics):
        metric = parse_metric(name)
        for images in reference_sizes(metric, trials):
            if why := undefined(metric, images):
                yield ("metrics", index), f"{name} is undefined: {why}"
        for why in missing_references(metric, trials):
            yield ("metrics", index), f"{name} cannot be measured: {why}"


def _level_problems(sweep: Sweep, trials: Sequence[Trial]) -> Iterator[KeyProblem]:
    """Yield the score and the claims that refer to a resolution which the images do not have, such as swd2k_64."""
    spec = sweep.spec
    wanted: list[tuple[KeyPath, str]] = [(("score",), spec.score_name)]
    if sweep.states_claims:
        wanted += [(("claims", index), claim.metric) for index, claim in well_formed(spec.claims) if claim.metric]
    for path, name in wanted:
        level = LEVEL.search(name)
        for resolution in sorted({trial.config.data.resolution for trial in trials}) if level else ():
            there = pyramid(resolution)
            if level and int(level[1]) not in there:
                yield (
                    path,
                    f"{name} is not measured for images of {resolution} pixels; measured: {_levels(name, there)}",
                )


def _levels(name: str, there: Sequence[int]) -> str:
    return ", ".join(LEVEL.sub(f"_{side}", name) for side in there)


def _file_problems(spec: SweepSpec) -> Iterator[KeyProblem]:
    """Yield the networks of metrics whose files are missing, or are not theirs."""
    used = {network_of(FAMILIES[parse_metric(name).family].source, spec.distance) for name in spec.metrics}
    for kind, given, wants_file in (("detector", spec.detector, "inception"), ("distance", spec.distance, "vgg16")):
        name, _, path = given.partition(":")
        if kind in used and name == wants_file and (fault := file_fault(name, path)):
            yield (kind,), fault


def _device_problems(sweep: Sweep, trials: Sequence[Trial], lacks: Lacks) -> Iterator[KeyProblem]:
    """Yield what the backend cannot provide, each with its cells."""
    concerned: dict[Resources, dict[str, Trial]] = {}
    for trial in trials:
        concerned.setdefault(trial.resources, {})[trial.cell] = trial
    for resources, cells in concerned.items():
        if why := lacks(resources):
            yield _set_by("resources", sweep, next(iter(cells.values()))), f"{why} ({listed([*cells])})"


def _memory_problems(sweep: Sweep, trials: Sequence[Trial], backend: str) -> Iterator[KeyProblem]:
    """Yield what cannot be held in memory: that of this machine, of a GPU, or requested of a cluster."""
    cells: dict[tuple[KeyPath, str], list[str]] = {}
    for trial in {trial.cell: trial for trial in reversed(trials)}.values():
        needed, (there, where, key) = least_gib(trial.config), _memory_for(trial.resources, backend)
        if needed > there:
            text = f"training needs {math.ceil(needed * 100) / 100:,.2f} GiB at least, {where} {there:,.2f} GiB"
            cells.setdefault((_set_by(key, sweep, trial), text), []).append(trial.cell)
    for (path, text), concerned in cells.items():
        yield path, f"{text} ({listed(concerned)})"


def _memory_for(resources: Resources, backend: str) -> tuple[float, str, str]:
    """Return the memory in GiB that a trial has at most, in words what has it, and the key that decides."""
    if resources.gpus:
        return LARGEST_GPU_GIB, "no GPU has", "generator"
    if not backend:
        return math.inf, "it is not known where", "resources"
    if backend == "local":
        return machine_gib(), "this machine has", "generator"
    return resources.memory_gib, "it requests", "resources"


def _snapshot_problems(sweep: Sweep, trials: Sequence[Trial]) -> Iterator[Problem]:
    """Yield the snapshots that do not fit the networks initialised from them, each with its cells."""
    cells: dict[tuple[KeyPath, str], list[str]] = {}
    for trial in {trial.cell: trial for trial in reversed(trials)}.values():
        if trial.transfer_path and (why := _misfit(trial, trial.transfer_path)):
            cells.setdefault((_set_by("transfer", sweep, trial), why), []).append(trial.cell)
    for (path, why), concerned in cells.items():
        yield sweep.problem(path, f"{why} ({listed(concerned)})")


def _misfit(trial: Trial, snapshot: Path) -> str:
    try:
        found = unfit(networks_of(snapshot), trial.config.networks)
    except UserError as error:
        return str(error)
    return f"{snapshot.name} does not fit: {', '.join(found)}" if found else ""


def _set_by(group: str, sweep: Sweep, trial: Trial) -> KeyPath:
    """Return the key under which a sweep sets a group of settings of a trial: of its cell, on an axis, or for all."""
    spec = sweep.spec
    given: list[tuple[KeyPath, Mapping[str, Any]]] = [
        (("cells", trial.name), spec.cells.get(trial.name, {})),
        *((("when", index, "set"), when.set) for index, when in enumerate(spec.when)),
        *((("when", index, "grid"), when.grid) for index, when in enumerate(spec.when)),
        (("grid",), spec.grid),
        (("zip",), spec.zip),
        (("base",), spec.base),
    ]
    found = ((*path, key) for path, keys in given for key in keys if key.partition(".")[0] == group)
    return next(found, (group,))
