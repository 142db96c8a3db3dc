"""What `data prepare` converts: a source by the options of the command line, or by a recipe."""

from pathlib import Path
from typing import NamedTuple

from trainer.config.dataset.companion import beside
from trainer.config.dataset.describe import is_zip, set_name
from trainer.config.dataset.regular import usable_path
from trainer.data.cache import DecodeProgress
from trainer.data.prepare import prepare
from trainer.data.readers.images import LabelSource
from trainer.data.recipes import RECIPES, follow, recipe_called
from trainer.data.resize import Fit, ResizeFilter
from trainer.errors import UserError

NAMELESS = ("", "..", "~")
"""The last parts of paths that name folders wherever one is: of `.`, `/`, `..` and `~`."""

UNLISTED = (".", "~")
"""How no name of a set starts: `data list` shows no hidden files, and ~ stands for a home."""


class Conversion(NamedTuple):
    """The options of a conversion, in the order of `prepare`'s parameters."""

    resolution: int | None = None
    fit: Fit = "crop"
    filter: ResizeFilter = "lanczos"
    channels: int = 0
    most: int | None = None
    labels: LabelSource = "keep"
    background: str = "white"
    follow_links: bool = False


def target_of(target: str | None, recipe: str | None, folder: Path) -> Path:
    """Return where to write: a bare name is a set in the store, anything else a path. Raises UserError."""
    if recipe:
        recipe_called(recipe)
    name = target or recipe
    if name is None:
        raise UserError("TARGET", "is missing", "name the set, or the recipe that makes it: --recipe lsun-cat-256")
    if Path(name).name in NAMELESS:
        raise UserError("TARGET", f"{name!r} names no data set", "give a name such as cats, or the path of a ZIP file")
    is_path = "/" in name or is_zip(Path(name))
    if name.startswith(UNLISTED) and not is_path:
        raise UserError("TARGET", f"{name!r} names a hidden file or a home", "start it with another letter")
    path = usable_path(name) if is_path else folder / f"{name}.zip"
    if set_name(path) in RECIPES and recipe != set_name(path):
        way_out = f"add --recipe {set_name(path)}, or choose another name"
        raise UserError("TARGET", f"{set_name(path)} is the name of a recipe", way_out)
    return path


def convert_to(
    target: Path, source: Path, recipe: str | None, conversion: Conversion, replace: bool, progress: DecodeProgress
) -> int:
    """Write the set `target` and return the number of its images. Raises UserError for options beside a recipe."""
    if recipe is None:
        return prepare(source, target, *conversion, replace, progress)
    pairs = zip(Conversion._fields, conversion, Conversion(), strict=True)
    changed = [name for name, value, usual in pairs if value != usual]
    if changed:
        option = {"most": "max-images"}.get(changed[0], changed[0].replace("_", "-"))
        raise UserError(f"--{option}", "is fixed by the recipe", "remove it, or convert without --recipe")
    return follow(recipe, recipe_called(recipe), source, target, replace, progress)


def lines_on_test_images(target: Path) -> list[str]:
    """Return a line on the test images of a set, if it has some."""
    return [f"  its test images: {beside(target).name}"] if beside(target).exists() else []
