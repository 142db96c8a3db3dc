"""PlanFile: the model of STORE/sweeps/NAME/plan.json, written by the orchestrator, read by orchestrator and analysis.

Fields are only ever added. `read_plan_file` fills in what plans of earlier versions lack; unknown fields of later
versions are ignored.
"""

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    NonNegativeFloat,
    PositiveInt,
    ValidationError,
)

from trainer.config.identity import TRIAL_ID
from trainer.config.published_value import PublishedValue
from trainer.config.spec import EvaluationSeeds, is_off
from trainer.config.stored import Horizon
from trainer.config.training import TransferFromTrial
from trainer.errors import READABLE, UNREADABLE, UserError, printable
from trainer.files import is_unreadable, parsed_json, read_regular

MOST_SEQUENTIAL = 30
"""The most seeds that may be added one look at a time."""

CELL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
WAY_OUT = "remove it and run the sweep again"
UNREACHABLE = frozenset({errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE})
"""Errors of files that may be intact."""


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


def _shown(value: JsonValue) -> JsonValue:
    return printable(value) if isinstance(value, str) else value


class Axis(_Stored):
    """One axis of a sweep (a dotted key of TrainConfig, or `preset`, `data`, ...) and its value in one cell."""

    key: str
    value: Annotated[JsonValue, AfterValidator(_shown)]


class PlannedRun(_Stored):
    """One cell of a sweep at one seed. Control characters of its label are written out.

    `cell` is its label, `name` its name in `cells:` of the sweep file ("" if it has none), `axes` its values on the
    other axes, and `settings` everything that distinguishes it, including the settings of its name. `training_images`
    includes mirror images; None in a plan of an earlier version whose axes do not determine it. `horizon_kimg` is in
    thousands of images. `start` is the snapshot of another trial that it starts from. `expected_seconds` is the
    expected time of the whole run, `batch` the most images of an iteration; None in plans of earlier versions.
    """

    cell: Annotated[str, AfterValidator(printable)]
    name: str
    axes: tuple[Axis, ...]
    settings: dict[str, JsonValue] = {}
    training_images: int | None
    seed: int
    trial: Annotated[str, Field(pattern=TRIAL_ID.pattern)]
    horizon_kimg: Horizon
    start: Annotated[TransferFromTrial | None, Field(exclude_if=is_off)] = None
    expected_seconds: NonNegativeFloat | None = None
    batch: PositiveInt | None = None


class PlannedSource(PlannedRun):
    """A trial that cells of a sweep start from and that is none of them, trained as the sweep `sweep` says."""

    sweep: str
    score: str = ""
    metrics: tuple[str, ...] = ()
    detector: str
    distance: str
    evaluation_seeds: EvaluationSeeds = 1
    evaluate_every_kimg: Horizon | None = None
    probes: tuple[str, ...] = ()


OverSeeds = Literal["mean", "worst"]
"""What a search minimises of the scores of a configuration's seeds (the best of each), and ranks it by."""


class SampledPoints(_Stored):
    """The configurations that a search has sampled so far; `space` is the digest of the search space."""

    space: str
    over_seeds: OverSeeds = "mean"
    points: tuple[dict[str, JsonValue], ...]


class SequentialRange(_Stored):
    """Sequential seeds: every cell has the seeds from 0 to `least` - 1, those of undecided claims up to `most`.

    `decided`: all claims were decided when the runs of this plan were last judged.
    """

    least: Annotated[int, Field(ge=2)]
    most: Annotated[int, Field(le=MOST_SEQUENTIAL)]
    decided: Annotated[bool, Field(exclude_if=is_off)] = False


class PlanFile(_Stored):
    """The latest plan of a sweep.

    `sweep` is its name in the store (`name`, or `name-tier`), `file` the sweep file as it was given, `file_from_store`
    its path from the store if that was relative ("" in packs and plans of earlier versions), `file_digest` identifies
    its content and that of the files it includes ("" in plans of earlier versions). `score` is the metric that
    ranks cells, with or without its detector ("fid2k-lite0", "fid2k"). `cells` has an entry for every cell and seed, in
    the order of the sweep; entries with the same configuration share a trial. `sources` are the trials from which cells
    start, if they are not cells themselves. With `sequential` seeds, cells have as many seeds as were needed so far.
    `parallel` is how many runs were expected to train at a time.
    """

    schema_version: Literal[1] = 1
    sweep: str
    name: str = ""
    tier: str | None = None
    file: str = ""
    file_from_store: Annotated[str, Field(exclude_if=is_off)] = ""
    file_digest: Annotated[str, Field(exclude_if=is_off)] = ""
    question: str = ""
    horizon_kimg: Horizon | None = None
    metrics: tuple[str, ...] = ()
    detector: str | None = None
    distance: str | None = None
    evaluation_seeds: EvaluationSeeds = 1
    evaluate_every_kimg: Horizon | None = None
    probes: tuple[str, ...] = ()
    score: str | None = None
    figures: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    published: tuple[PublishedValue, ...] = ()
    parallel: PositiveInt | None = None
    search: SampledPoints | None = None
    sequential: Annotated[SequentialRange | None, Field(exclude_if=is_off)] = None
    sources: tuple[PlannedSource, ...] = ()
    cells: tuple[PlannedRun, ...]

    @property
    def runs(self) -> tuple[PlannedRun, ...]:
        """Return everything that the sweep runs: its sources, and its cells."""
        return (*self.sources, *self.cells)

    def kin_of(self, trial: str) -> list[str]:
        """Return a trial, what it starts from, what that starts from, and so on; and what starts from it."""
        starts = {run.trial: run.start.trial for run in self.runs if run.start}
        sources = [trial]
        while (source := starts.get(sources[-1])) and source not in sources:
            sources.append(source)
        return [*sources, *_starting_from(trial, starts)]

    @property
    def with_sources(self) -> list[str]:
        """Return the ids of all trials and of those that they start from, each once."""
        return list(dict.fromkeys(run.trial for run in self.runs))

    @property
    def trials(self) -> list[str]:
        """Return the ids of all trials, each once, in the order of the plan."""
        return list(dict.fromkeys(run.trial for run in self.cells))


def _starting_from(trial: str, starts: Mapping[str, str]) -> set[str]:
    """Return the trials that start from a trial, or from one of these; `starts` has what each starts from."""
    found = {trial}
    while more := {one for one, source in starts.items() if source in found} - found:
        found |= more
    return found - {trial}


def planned_sweeps(folder: Path) -> list[str]:
    """Return the names of all sweeps in `folder` with a plan.json, whatever that is; a name may have slashes.

    A folder that may not be read is one of them: it may have a plan.
    """
    found = set[Path]()
    for place, folders, files in os.walk(folder):
        found.update(path for name in folders if is_unreadable(path := Path(place, name)))
        if "plan.json" in (*folders, *files):
            found.add(Path(place))
    return sorted(path.relative_to(folder).as_posix() for path in found)


def read_plan_file(path: Path) -> PlanFile | None:
    """Return the plan at `path`, or None if there is none. Raises UserError if the file is not a valid plan."""
    try:
        return plan_in(read_regular(path))
    except FileNotFoundError as error:
        if not path.is_symlink():
            return None
        raise UserError(path, f"not readable as a plan ({_reason(error)})", _way_out(error)) from None
    except (OSError, ValueError) as error:
        if is_unreadable(path.parent):
            raise UserError(path.parent, UNREADABLE, READABLE) from None
        if not os.path.isdir(path.parent):
            raise UserError(path.parent, "is not a folder", WAY_OUT) from None
        raise UserError(path, f"not readable as a plan ({_reason(error)})", _way_out(error)) from None


def plan_in(content: bytes) -> PlanFile:
    """Return the plan in the content of a plan.json. Raises ValueError if it is none."""
    return PlanFile.model_validate(_completed(parsed_json(content)))


def _completed(plan: Any) -> Any:
    """Return a plan with the fields that earlier versions did not write."""
    cells = plan.get("cells") if isinstance(plan, dict) else None
    if not isinstance(cells, list):
        return plan
    return {"name": plan.get("sweep"), **plan, "cells": [_completed_run(run) for run in cells]}


def _completed_run(run: Any) -> Any:
    """Return an entry of a plan with the fields that earlier versions left to infer from label and settings."""
    if not isinstance(run, dict) or "axes" in run:
        return run
    given, parts = run.get("settings"), str(run.get("cell", "")).split(", ")
    settings = given if isinstance(given, dict) else {}
    name = parts[0] if settings and CELL_NAME.fullmatch(parts[0]) else ""
    shown = [key for key in settings if not name or any(part.startswith(f"{key}=") for part in parts)]
    axes = [{"key": key, "value": settings[key]} for key in shown]
    return {"name": name, "axes": axes, "training_images": _images_of(settings), **run}


def _images_of(settings: dict[str, Any]) -> int | None:
    """Return the number of training images if the axes determine it: a sweep's `base` may have mirrored them."""
    subset, mirror = settings.get("data.subset"), settings.get("data.mirror")
    return subset * (1 + mirror) if isinstance(subset, int) and isinstance(mirror, bool) else None


def _way_out(error: Exception) -> str:
    """Return what to do about a plan that cannot be read: only what is damaged is to be removed."""
    if isinstance(error, ValidationError) and error.errors()[0]["loc"] == ("schema_version",):
        return "if a later version of adasweep wrote it, use that version"
    if isinstance(error, OSError) and error.errno in UNREACHABLE:
        return "make it readable, then repeat the command"
    return WAY_OUT


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
