"""The sweeps that come with the package, by name: `ada/fig7_training_set`, or as much of it as is unique."""

import difflib
from collections.abc import Mapping
from pathlib import Path

import orchestrator
from orchestrator.errors import PlanError

FOLDER = Path(orchestrator.__file__).parent.parent / "sweeps"
"""Beside the packages, in a checkout and where a wheel was installed."""

PUBLISHED = FOLDER / "published"
"""Tables of what the papers state, which are no sweeps."""


def bundled(folder: Path = FOLDER) -> Mapping[str, Path]:
    """Return the file of each sweep by its name: its path without the ending."""
    files = sorted(file for file in folder.rglob("*.yaml") if file.parent != folder / PUBLISHED.name)
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}


def bundled_named(name: str, folder: Path = FOLDER) -> Path | None:
    """Return the file of a sweep by its name, or by as much of it as is unique; None where none begins so.

    `ada/fig1` is ada/fig1_baseline_sizes: whole words go first. Raises PlanError where several begin so.
    """
    known = bundled(folder)
    words, characters = ([one for one in known if one.startswith(name + end)] for end in ("_", ""))
    found = [name] if name in known else words or characters
    if len(found) > 1:
        raise PlanError(f"sweep {name!r}", "is the beginning of several", f"name one of {', '.join(found)}")
    return known[found[0]] if found else None


def nearest_bundled(name: str, folder: Path = FOLDER) -> str:
    """Return `did you mean X?` for the bundled sweep that comes nearest, whole or by its first word; "" for none."""
    known = {short: one for one in bundled(folder) for short in (one, one.rsplit("/", 1)[-1], one.partition("_")[0])}
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"did you mean {known[found[0]]}?" if found else ""
