"""From what a person wrote to a TrainConfig in which nothing is left open."""

from collections.abc import Mapping
from typing import Any

from trainer.config.data import DataDescription
from trainer.config.presets import Tree, preset_tree
from trainer.config.train import TrainConfig


def merge(base: Tree, over: Mapping[str, Any]) -> Tree:
    """Return `base` with `over` laid on it, key by key; a tagged choice of another `type` replaces the whole group."""
    return {**base, **{key: _merged_value(base.get(key), value) for key, value in over.items()}}


def _merged_value(base: Any, over: Any) -> Any:
    if isinstance(over, str) and isinstance(base, dict) and "type" in base:
        over = {"type": over}
    if not (isinstance(base, dict) and isinstance(over, Mapping)):
        return over
    if over.get("type", base.get("type")) != base.get("type"):
        return dict(over)
    return merge(base, over)


def resolve(settings: Mapping[str, Any], data: DataDescription) -> TrainConfig:
    """Return the configuration of `settings` (a preset's name and what differs from it) on the data set `data`.

    `settings` has the fields of TrainConfig, and `preset` and `preset_devices`. Unset parts of the data are resolved
    here: the whole set as subset, the run's seed as subset seed.

    Raises pydantic.ValidationError, with the path of each wrong value.
    """
    chosen = {key: value for key, value in settings.items() if key not in ("preset", "preset_devices", "data")}
    tree = merge(
        preset_tree(settings.get("preset", "auto"), data.resolution, settings.get("preset_devices", 1)), chosen
    )
    tree["data"] = _data_tree(settings.get("data", {}), data, tree.get("seed", 0))
    return TrainConfig.model_validate(tree)


def _data_tree(wanted: Any, data: DataDescription, seed: int) -> Tree:
    wanted = dict(wanted) if isinstance(wanted, Mapping) else {}
    validation = wanted.get("validation", 0)
    left = data.images - validation if isinstance(validation, int) else data.images
    defaults = {"subset": left, "subset_seed": seed}
    return {**defaults, **wanted, **data.model_dump(exclude={"name"})}
