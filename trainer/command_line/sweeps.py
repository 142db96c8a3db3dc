"""A sweep on the command line: its name in a store, or its file."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from trainer.command_line.printable import PrintableConsole
from trainer.config.dataset.regular import expanded
from trainer.config.file_digest import digest_of, joined
from trainer.config.plan_file import WAY_OUT, planned_sweeps, read_plan_file
from trainer.config.sweep_run import RUNS_FILE
from trainer.errors import UserError
from trainer.files import read_regular

SUFFIXES = (".yaml", ".yml")


def is_file(sweep: str) -> bool:
    """Return whether `sweep` is a file rather than a name."""
    return sweep.lower().endswith(SUFFIXES) or os.path.isfile(sweep)


def stored_name(store: Path, sweep: str) -> str:
    """Return the name in the store at `store` of a sweep given by name or file.

    Says on standard error if the file is not as it was when the sweep was last run. Raises UserError, with similar
    names, if the store has no such sweep.
    """
    name = name_in(Path(sweep)) if is_file(sweep) else sweep
    known = names(store)
    if name in known:
        if is_file(sweep):
            _tell_changes(store / "sweeps" / name / "plan.json", Path(sweep))
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


def _tell_changes(plan_file: Path, file: Path) -> None:
    """Print a note if a sweep was last run from other content than its file, or a file that it includes, now has."""
    try:
        plan = read_plan_file(plan_file)
    except UserError:
        return  # told by the command that reads it
    if plan and plan.file_digest and plan.file_digest != joined(_digests(file)):
        told = f"note: {file} is not as it was when {plan.sweep} was last run, which is what this command is about"
        PrintableConsole(stderr=True, highlight=False).print(told, markup=False, soft_wrap=True)


def _digests(file: Path, within: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the digests of a sweep file and of those that it includes; of what cannot be read, its name."""
    try:
        yield digest_of(file)
        given = _values(file).get("include")
        names = [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]
        places = [os.path.realpath(file.parent / expanded(name)) for name in names]
    except (OSError, ValueError, UserError):
        yield str(file)
        return
    inner = (*within, os.path.realpath(file))
    for place in places:
        if place not in inner:
            yield from _digests(Path(place), inner)


def names(store: Path) -> list[str]:
    """Return the names of all sweeps planned in the store at `store`; a name may have slashes."""
    return planned_sweeps(store / "sweeps")


def name_in(file: Path) -> str:
    """Return the name of the sweep in a file. Raises UserError if the file cannot be read or names no sweep."""
    name = _values(file).get("sweep")
    if not isinstance(name, str):
        raise UserError(file, "has no key `sweep`", "give the file or the name of a sweep")
    return name


def _values(file: Path) -> dict[Any, Any]:
    """Return the content of a YAML file, nothing if it is no mapping. Raises UserError if it cannot be read."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe").load(read_regular(file).decode())
    except (OSError, ValueError, RecursionError, YAMLError) as error:
        problem = getattr(error, "strerror", None) or getattr(error, "problem", None) or "is not YAML"
        raise UserError(file, str(problem)) from None
    return values if isinstance(values, dict) else {}


def _way_out(name: str, known: list[str], tiers: list[str]) -> str:
    if tiers:
        return f"name one of its tiers: {', '.join(tiers)}"
    near = get_close_matches(name, known)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"sweeps there: {', '.join(known) or 'none yet'}"
