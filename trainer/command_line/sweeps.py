"""A sweep on the command line: its name in a store, or its file."""

import os
from difflib import get_close_matches
from pathlib import Path

from trainer.config.plan_file import WAY_OUT, planned_sweeps
from trainer.config.sweep_run import RUNS_FILE
from trainer.errors import UserError
from trainer.files import read_regular

SUFFIXES = (".yaml", ".yml")


def is_file(sweep: str) -> bool:
    """Return whether `sweep` is a file rather than a name."""
    return sweep.lower().endswith(SUFFIXES) or os.path.isfile(sweep)


def stored_name(store: Path, sweep: str) -> str:
    """Return the name in the store at `store` of a sweep given by name or file.

    Raises UserError, with similar names, if the store has no such sweep.
    """
    name = name_in(Path(sweep)) if is_file(sweep) else sweep
    known = names(store)
    if name in known:
        return name
    if not {"/", ".."} & {*Path(name).parts}:
        _require_not_lost(store / "sweeps" / name)
    tiers = [one for one in known if one.startswith(f"{name}-")] if is_file(sweep) else []
    raise UserError(f"sweep {sweep!r}", f"is not in the store {store}", _way_out(name, known, tiers))


def _require_not_lost(folder: Path) -> None:
    """Raise UserError if a sweep was planned, but its folder or plan is gone."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UserError(folder, "is not a folder", WAY_OUT)
    if os.path.lexists(folder / RUNS_FILE):
        raise UserError(folder / "plan.json", "is missing", "run the sweep again")


def names(store: Path) -> list[str]:
    """Return the names of all sweeps planned in the store at `store`; a name may have slashes."""
    return planned_sweeps(store / "sweeps")


def name_in(file: Path) -> str:
    """Return the name of the sweep in a file. Raises UserError if the file cannot be read or names no sweep."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe").load(read_regular(file).decode())
    except (OSError, ValueError, RecursionError, YAMLError) as error:
        problem = getattr(error, "strerror", None) or getattr(error, "problem", None) or "is not YAML"
        raise UserError(file, str(problem)) from None
    name = values.get("sweep") if isinstance(values, dict) else None
    if not isinstance(name, str):
        raise UserError(file, "has no key `sweep`", "give the file or the name of a sweep")
    return name


def _way_out(name: str, known: list[str], tiers: list[str]) -> str:
    if tiers:
        return f"name one of its tiers: {', '.join(tiers)}"
    near = get_close_matches(name, known)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"sweeps there: {', '.join(known) or 'none yet'}"
