"""PlanFile: what STORE/sweeps/NAME/plan.json says. The orchestrator writes it; orchestrator and analysis read it here.

Fields are only ever added. `read_plan_file` alone fills in what plans of earlier versions lack; fields that later
versions add are ignored.
"""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from trainer.config.published_value import PublishedValue
from trainer.errors import UserError
from trainer.files import parsed_json, read_regular

CELL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
WAY_OUT = "remove it and run the sweep again"


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Axis(_Stored):
    """One axis of a sweep (a dotted key of TrainConfig, or `preset`, `data`, ...) and its value in one cell."""

    key: str
    value: JsonValue


class PlannedRun(_Stored):
    """One cell of a sweep at one seed.

    `cell` is its label, `name` what `cells:` of the sweep file calls it ("" where it has no name), `axes` where it lies
    on the other axes, and `settings` all that distinguishes it, the settings of its name included. `training_images`
    counts mirror images; None in a plan of an earlier version whose axes do not say it. `horizon_kimg` is in thousands
    of images.
    """

    cell: str
    name: str
    axes: tuple[Axis, ...]
    settings: dict[str, JsonValue] = {}
    training_images: int | None
    seed: int
    trial: str
    horizon_kimg: float


class SampledPoints(_Stored):
    """The configurations that a search has sampled so far; `space` is the digest of the space they come from."""

    space: str
    points: tuple[dict[str, JsonValue], ...]


class PlanFile(_Stored):
    """The last plan of a sweep.

    `sweep` is the name of its place in the store (`name`, or `name-tier`), `file` the sweep file. `score` is the metric
    that ranks cells, with or without its detector ("fid2k-lite0", "fid2k"). `cells` has an entry for every cell and
    seed, in the order of the sweep; entries that come out as the same computation share a trial.
    """

    schema_version: Literal[1] = 1
    sweep: str
    name: str = ""
    tier: str | None = None
    file: str = ""
    question: str = ""
    horizon_kimg: float | None = None
    metrics: tuple[str, ...] = ()
    detector: str | None = None
    distance: str | None = None
    evaluation_seeds: int = 1
    probes: tuple[str, ...] = ()
    score: str | None = None
    figures: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    published: tuple[PublishedValue, ...] = ()
    search: SampledPoints | None = None
    cells: tuple[PlannedRun, ...]

    @property
    def trials(self) -> list[str]:
        """Return the ids of all trials, each once, in the order of the plan."""
        return list(dict.fromkeys(run.trial for run in self.cells))


def read_plan_file(path: Path) -> PlanFile | None:
    """Return the plan at `path`, or None where there is none. Raises UserError for a file that is no plan."""
    try:
        return PlanFile.model_validate(_completed(parsed_json(read_regular(path))))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(path, f"not readable as a plan ({_reason(error)})", WAY_OUT) from None


def _completed(plan: Any) -> Any:
    """Return a plan with what earlier versions did not write."""
    cells = plan.get("cells") if isinstance(plan, dict) else None
    if not isinstance(cells, list):
        return plan
    return {"name": plan.get("sweep"), **plan, "cells": [_completed_run(run) for run in cells]}


def _completed_run(run: Any) -> Any:
    """Return an entry of a plan with what earlier versions left to be told from its label and its settings."""
    if not isinstance(run, dict) or "axes" in run:
        return run
    given, parts = run.get("settings"), str(run.get("cell", "")).split(", ")
    settings = given if isinstance(given, dict) else {}
    name = parts[0] if settings and CELL_NAME.fullmatch(parts[0]) else ""
    shown = [key for key in settings if not name or any(part.startswith(f"{key}=") for part in parts)]
    axes = [{"key": key, "value": settings[key]} for key in shown]
    return {"name": name, "axes": axes, "training_images": _images_of(settings), **run}


def _images_of(settings: dict[str, Any]) -> int | None:
    """Return the number of training images where the axes decide it: a sweep's `base` may have mirrored them."""
    subset, mirror = settings.get("data.subset"), settings.get("data.mirror")
    return subset * (1 + mirror) if isinstance(subset, int) and isinstance(mirror, bool) else None


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
