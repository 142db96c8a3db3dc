"""Finds what a sweep file lists twice: values of axes and choices, metrics, figures, claims, stop rules, seeds."""

from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.sweep.coercion import coerced
from orchestrator.sweep.search_space import Choice
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.stop_rules import AnyRule
from orchestrator.sweep.yaml_source import KeyPath


def repeated(spec: SweepSpec) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path and the text of each value that stands twice in a list of a sweep, or in its `zip`."""
    grids = [(("grid",), spec.grid), *((("when", place, "grid"), when.grid) for place, when in enumerate(spec.when))]
    axes = [
        ((*path, key), [coerced(key, value) for value in values])
        for path, grid in grids
        for key, values in grid.items()
    ]
    space = spec.search.space if spec.search else {}
    chosen = {key: one.choice for key, one in space.items() if isinstance(one, Choice)}
    choices = [
        (("search", "space", key, "choice"), [coerced(key, value) for value in values])
        for key, values in chosen.items()
    ]
    lists = [((key,), getattr(spec, key)) for key in ("metrics", "probes", "figures", "claims", "exclude")]
    lists += [(("stop",), [_brief(rule) for rule in spec.stop]), (("include",), _listed(spec.include))]
    for path, values in [*axes, *choices, *lists, (("seeds",), spec.seed_values)]:
        yield from (((*path, index), f"{values[index]!r} is listed twice") for index in _repetitions(values))
    rows = list(zip(*([coerced(key, value) for value in values] for key, values in spec.zip.items()), strict=True))
    first = next(iter(spec.zip), "")
    yield from ((("zip", first, index), "the same values are listed twice") for index in _repetitions(rows))


def _brief(rule: AnyRule) -> Any:
    """Return a stop rule as it is written briefly: its type, with the settings that differ from the defaults."""
    changed = rule.model_dump(exclude_defaults=True, exclude={"type"})
    return {"type": rule.type, **changed} if changed else rule.type


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _repetitions(values: Sequence[Any]) -> Iterator[int]:
    """Yield the indices of repeated values; booleans do not equal numbers, and `{type: ada}` equals `ada`."""
    typed = [(type(value) is bool, value["type"] if _is_type_alone(value) else value) for value in values]
    yield from (index for index, value in enumerate(typed) if value in typed[:index])


def _is_type_alone(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"type"}
