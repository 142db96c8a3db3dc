"""Resolve the settings of a user to a complete TrainConfig."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.config.dataset.config import DataDescription
from trainer.config.presets.official import Tree, merge, preset_tree
from trainer.config.train import TrainConfig
from trainer.config.training import TransferFromTrial
from trainer.config.transfer import identified

SEEDED = {"seed", "data", "transfer"}
"""The fields in which the runs of a cell differ."""


def resolve(settings: Mapping[str, Any], data: DataDescription) -> TrainConfig:
    """Return the configuration of `settings` (a preset and overrides) on the data set `data`.

    `settings` has the fields of TrainConfig, and `preset` and `preset_devices`; `transfer` is the path of a snapshot.
    Raises the same errors as `completed`.
    """
    chosen = {key: value for key, value in settings.items() if key not in ("preset", "preset_devices")}
    preset = settings.get("preset", "auto"), data.resolution, settings.get("preset_devices", 1)
    return completed(merge(preset_tree(*preset, transfer=settings.get("transfer") is not None), chosen), data)


def completed(settings: Mapping[str, Any], data: DataDescription) -> TrainConfig:
    """Return the configuration of `settings`, already merged with the preset, on the data set `data`.

    Unset parts of the data get defaults: the whole set as subset, the run's seed as subset seed. `transfer` is the path
    of a snapshot, or the configuration of a transfer. Raises pydantic.ValidationError with the path of each invalid
    value, SnapshotError if the snapshot does not exist.
    """
    tree, transfer = dict(settings), settings.get("transfer")
    if isinstance(transfer, str | Path):
        tree["transfer"] = identified(transfer).model_dump()
    tree["data"] = _data_tree(settings.get("data", {}), data, tree.get("seed", 0))
    return TrainConfig.model_validate(tree)


def reseeded(config: TrainConfig, seed: int, subset_seed: int, start: TransferFromTrial | None) -> TrainConfig:
    """Return a valid configuration with another seed, subset and source: no other setting depends on them."""
    data = config.data.model_copy(update={"subset_seed": subset_seed})
    transfer = config.transfer if start is None else start
    return config.model_copy(update={"seed": seed, "data": data, "transfer": transfer})


def _data_tree(wanted: Any, data: DataDescription, seed: int) -> Tree:
    wanted = dict(wanted) if isinstance(wanted, Mapping) else {}
    return {"subset": whole_subset(wanted, data), "subset_seed": seed, **wanted, **_described(data)}


def whole_subset(wanted: Mapping[str, Any], data: DataDescription) -> int:
    """Return how many images are trained from if `wanted`, settings of the data, name no subset: all that are left."""
    validation = wanted.get("validation", 0)
    return max(1, data.images - validation if isinstance(validation, int) else data.images)


@functools.lru_cache(maxsize=64)
def _described(data: DataDescription) -> Mapping[str, Any]:
    return data.model_dump(exclude={"name"})
