"""Labels for the cells of a sweep: the method, separate from the number of training images."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from trainer.config.claims.cells import DATA, NOT_METHOD
from trainer.config.plan_file import PlannedRun

AUGMENT_NAMES = {"none": "no augmentation", "ada": "ADA"}


class CellLabels(NamedTuple):
    """The labels of a cell in figures.

    `name` is its name in the sweep, or the value of its first axis if it has none; `method` is the name with all other
    axes. Axes that choose the training images are in neither; both are "" if there are no others. `dataset` is "" if
    the sweep has only one.
    """

    name: str
    method: str
    dataset: str


def labels_of(run: PlannedRun) -> CellLabels:
    """Return the labels of the cell of a planned run."""
    axes = [_axis_label(axis.key, axis.value) for axis in run.axes if axis.key not in NOT_METHOD]
    parts = [run.name, *axes] if run.name else axes
    dataset = next((str(run.settings[key]) for key in DATA if key in run.settings), "")
    return CellLabels(parts[0] if parts else "", " · ".join(parts), dataset)


def images_label(images: float) -> str:
    """Return a number of images in the notation of the papers: 500, 2k, 1.5k, 140k."""
    if images >= 1_000_000:
        return f"{images / 1_000_000:.3g}M"
    return f"{images / 1000:.3g}k" if images >= 1000 else f"{images:g}"


def augment_label(augment: Any) -> str:
    """Return the label of an augmentation type; "all runs" if it is unknown."""
    return AUGMENT_NAMES.get(augment, augment) if isinstance(augment, str) else "all runs"


def _axis_label(key: str, value: Any) -> str:
    name = key.removesuffix(".type").rpartition(".")[2]
    if isinstance(value, Mapping):
        rest = [f"{part}={number}" for part, number in value.items() if part != "type"]
        return " ".join([_axis_label(key, value["type"]), *rest]) if "type" in value else f"{name} {' '.join(rest)}"
    if name == "augment":
        return augment_label(value)
    return value if isinstance(value, str) else f"{name}={_value_label(value)}"


def _value_label(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("type", ""))
    return f"{value:g}" if isinstance(value, float) else str(value)
