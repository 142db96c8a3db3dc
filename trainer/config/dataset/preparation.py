"""How a set was prepared: the settings in the comment of its ZIP, and the names that stand for one preparation."""

import json
import zipfile
from pathlib import Path

from trainer.config.dataset.zip import DAMAGE

RECIPE_NAMES = ("brecahad-512", "ffhq-256", "imagenet-128", "lsun-car-512", "lsun-cat-256")
"""The sets whose preparation `data prepare --recipe` fixes; trainer.data.recipes has exactly these."""


def read_settings(path: Path) -> dict[str, object]:
    """Return the settings that a ZIP was prepared with, {} if it has none."""
    if not path.is_file():
        return {}
    try:
        with zipfile.ZipFile(path) as file:
            settings = json.loads(file.comment)["adasweep"]
    except (*DAMAGE, KeyError, TypeError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}


def misnamed(path: Path) -> list[str]:
    """Return a remark if the set at `path` has the name of a recipe but was not prepared by it."""
    name = path.stem if path.suffix.lower() == ".zip" else path.name
    if name not in RECIPE_NAMES or read_settings(path).get("recipe") == name:
        return []
    return [f"is not known to be prepared by the recipe of its name: adasweep data prepare SOURCE --recipe {name}"]
