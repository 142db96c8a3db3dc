"""Resolve the sides of a claim to cells of a sweep."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from trainer.config.claims.grammar import Claim, ClaimProblem, Side
from trainer.errors import did_you_mean

IMAGES = "data.subset"
DATA = ("data", "data.source")
NOT_METHOD = frozenset({IMAGES, *DATA, "data.mirror", "data.subset_seed", "seed"})
"""Axes that choose the training images rather than the method."""

BASELINES = frozenset({"baseline", "noaug", "no augmentation"})
CELLS_SHOWN = 8


class SeveralCells(ClaimProblem):
    """A side of a claim that matches several cells."""


@runtime_checkable
class NamedCell(Protocol):
    """A cell: its name in `cells:` of the sweep file ("" if it has none), and all its settings by key."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...


Cells = Mapping[str, NamedCell]
"""The cells of a sweep by label."""


def pair_of(claim: Claim, cells: Cells) -> tuple[str, str]:
    """Return the labels of the cells claimed to have the lower and the higher numbers."""
    less, more = cell_of(claim.less, cells), cell_of(claim.more, cells)
    if less == more:
        raise ClaimProblem(f"compares {less} with itself")
    return less, more


def cell_of(side: Side, cells: Cells) -> str:
    """Return the label of the one cell that matches `side`. Raises ClaimProblem if none or several match."""
    wanted = _wanted(side, cells)
    named = _named(side.name, cells)
    fitting = [label for label in named if _holds(wanted, cells[label].settings)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise SeveralCells(f'"{side}" matches {_listed(fitting)}; add a condition, as in "at axis=value"')
    raise ClaimProblem(f'"{side}" matches none of {_listed(cells)}{_near(side, cells)}')


def require_names(side: Side, cells: Cells) -> None:
    """Raise ClaimProblem if a side names a cell, a value or an axis that none of `cells`, a few of many, has."""
    _wanted(side, cells)
    if not _named(side.name, cells):
        raise ClaimProblem(f'no cell is called "{side.name}", and none has such a value{_near(side, cells)}')


def _near(side: Side, cells: Cells) -> str:
    """Return a suggestion for a name that no cell has."""
    if side.name is None or _named(side.name, cells):
        return ""
    known = {name for label, cell in cells.items() for name in (label, cell.name, *names_of(cell.settings)) if name}
    return did_you_mean(side.name, sorted(known))


def _wanted(side: Side, cells: Cells) -> list[tuple[str, str]]:
    """Return the axes, with their whole keys, and values that a side asks for. Raises ClaimProblem."""
    axes = {axis for cell in cells.values() for axis in cell.settings} if side.settings else set()
    wanted: list[tuple[str, str]] = []
    for key, text in side.settings.items():
        found = {axis for axis in axes if _is_called(axis, key)}
        if not found:
            known = ", ".join(sorted(axes)) or "none"
            raise ClaimProblem(f'"{key}" is not an axis of the sweep; axes: {known}{did_you_mean(key, sorted(axes))}')
        if len(found) > 1:
            raise ClaimProblem(f'"{key}" may be {" or ".join(sorted(found))}; write the whole key')
        wanted.append((found.pop(), text))
    return wanted


def _is_called(axis: str, key: str) -> bool:
    return axis == key or axis.endswith(f".{key}")


def _named(name: str | None, cells: Cells) -> list[str]:
    """Return the cells with this name; a name or label takes precedence over names of values."""
    if name is None:
        return list(cells)
    wanted = name.lower()
    exact = [label for label, cell in cells.items() if wanted in (label.lower(), cell.name.lower())]
    return exact or [label for label, cell in cells.items() if wanted in names_of(cell.settings)]


def names_of(settings: Mapping[str, Any]) -> frozenset[str]:
    """Return, in lower case, every name that a cell has by the values of its axes."""
    values = [name for key, value in settings.items() if key not in NOT_METHOD for name in _words(value)]
    names = {value.lower() for value in values}
    return frozenset(names | BASELINES if "none" in names else names)


def _words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [word for item in value for word in _words(item)]
    word = value.get("type", "") if isinstance(value, Mapping) else plain(value)
    return [str(word)] if word else []


def _holds(wanted: Iterable[tuple[str, str]], settings: Mapping[str, Any]) -> bool:
    return all(axis in settings and same_value(settings[axis], text) for axis, text in wanted)


def same_value(value: Any, text: str) -> bool:
    """Return whether `text`, as written in a claim, equals the `value` of an axis."""
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    try:
        return float(text) == float(value)
    except (TypeError, ValueError):
        return text.lower() in (word.lower() for word in _words(value))


def plain(value: Any) -> str:
    """Return a value as short text: 0.5, ada, true."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _listed(labels: Iterable[str]) -> str:
    shown = list(labels)
    more = f" and {len(shown) - CELLS_SHOWN} more" if len(shown) > CELLS_SHOWN else ""
    return " | ".join(shown[:CELLS_SHOWN]) + more
