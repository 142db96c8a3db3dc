"""The bundled sweeps, found by name (`ada/fig7_training_set`) or by a unique beginning of it."""

import difflib
from collections.abc import Mapping
from pathlib import Path

import orchestrator
from orchestrator.errors import PlanError

FOLDER = Path(orchestrator.__file__).parent.parent / "sweeps"
"""Beside the packages, in a checkout and in an installed wheel."""

PUBLISHED = FOLDER / "published"
"""Tables of what the papers state, which are no sweeps."""


def bundled(folder: Path = FOLDER) -> Mapping[str, Path]:
    """Return the file of each sweep by name: its relative path without the extension."""
    files = sorted(file for file in folder.rglob("*.yaml") if file.parent != folder / PUBLISHED.name)
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}


def bundled_named(name: str, folder: Path = FOLDER) -> Path | None:
    """Return the file of a sweep by its name or a unique beginning of it; None if there is none.

    Beginnings that end at a word take precedence: `ada/fig1` is ada/fig1_baseline_sizes. Raises PlanError if the
    beginning is not unique.
    """
    known = bundled(folder)
    words, characters = ([one for one in known if one.startswith(name + end)] for end in ("_", ""))
    found = [name] if name in known else words or characters
    if len(found) > 1:
        raise PlanError(f"sweep {name!r}", "is ambiguous", f"use one of {', '.join(found)}")
    return known[found[0]] if found else None


def nearest_bundled(name: str, folder: Path = FOLDER) -> str:
    """Return `did you mean X?` with the closest name of a bundled sweep, or ""."""
    known = {short: one for one in bundled(folder) for short in (one, one.rsplit("/", 1)[-1], one.partition("_")[0])}
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"did you mean {known[found[0]]}?" if found else ""
