"""Trial: a run of a sweep, identified by its configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.sweep.reader import Sweep
from trainer.config.dataset.config import DataDescription
from trainer.config.job import Resources
from trainer.config.plan_file import Axis
from trainer.config.train import TrainConfig
from trainer.config.training import TransferFromTrial


class LocatedData(NamedTuple):
    """A data set: its description, and its path on this machine."""

    description: DataDescription
    path: Path


DataLookup = Callable[[str], LocatedData]
"""Finds a data set by its name or path in a sweep. Raises UserError."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A run of a sweep.

    `cell` is the label of its cell, `name` its name under `cells:`, `axes` its values on the other axes, `settings` all
    settings of the cell. Cells with equal configurations share an id and a run. A trial starts from random weights, the
    snapshot at `transfer_path`, or another trial, its `source`. `horizon_kimg` is `asked_kimg` in whole iterations.
    """

    id: str
    config: TrainConfig
    cell: str
    settings: Mapping[str, Any]
    seed: int
    data_path: Path
    horizon_kimg: float
    resources: Resources
    transfer_path: Path | None = None
    preset: str = "auto"
    name: str = ""
    axes: tuple[Axis, ...] = ()
    source: "Source | None" = None
    asked_kimg: float = 0.0


class Source(NamedTuple):
    """A trial that another one starts from, the sweep that says how it is trained, and which of its snapshots."""

    trial: Trial
    sweep: Sweep
    snapshot: TransferFromTrial
