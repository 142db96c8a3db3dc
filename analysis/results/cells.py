"""A cell of a sweep as words: the method it tries, apart from the number of images it tries it on."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from trainer.config.claims.cells import DATA, NOT_METHOD
from trainer.config.plan_file import PlannedRun

AUGMENT_NAMES = {"none": "no augmentation", "ada": "ADA"}


class CellWords(NamedTuple):
    """How figures call a cell.

    `name` is its name in the sweep, or the value of its first axis where it has none; `method` is that with its other
    axes. Axes that choose the training images are in neither; both are "" where there are no others. `dataset` is ""
    where the sweep has only one.
    """

    name: str
    method: str
    dataset: str


def words_of(run: PlannedRun) -> CellWords:
    """Return how figures call the cell of a planned run."""
    axes = [_words(axis.key, axis.value) for axis in run.axes if axis.key not in NOT_METHOD]
    words = [run.name, *axes] if run.name else axes
    dataset = next((str(run.settings[key]) for key in DATA if key in run.settings), "")
    return CellWords(words[0] if words else "", " · ".join(words), dataset)


def images_label(images: float) -> str:
    """Return a number of images as the papers write it: 500, 2k, 1.5k, 140k."""
    if images >= 1_000_000:
        return f"{images / 1_000_000:.3g}M"
    return f"{images / 1000:.3g}k" if images >= 1000 else f"{images:g}"


def augment_label(augment: Any) -> str:
    """Return the words for a tag of augmentation; "all runs" where none is known."""
    return AUGMENT_NAMES.get(augment, augment) if isinstance(augment, str) else "all runs"


def _words(key: str, value: Any) -> str:
    name = key.removesuffix(".type").rpartition(".")[2]
    if isinstance(value, Mapping):
        rest = [f"{part}={number}" for part, number in value.items() if part != "type"]
        return " ".join([_words(key, value["type"]), *rest]) if "type" in value else f"{name} {' '.join(rest)}"
    if name == "augment":
        return augment_label(value)
    return value if isinstance(value, str) else f"{name}={_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("type", ""))
    return f"{value:g}" if isinstance(value, float) else str(value)
