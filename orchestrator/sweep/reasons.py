"""Checks that a tier's reasons (`because`) are about something that its sweep has."""

from collections.abc import Iterator
from typing import Any

from orchestrator.sweep.spec import SweepSpec
from trainer.config.claims.cells import plain
from trainer.errors import did_you_mean

TAKEN = "; it takes cells, figures, claims, cells.NAME, figures.NAME, AXIS=VALUE"


def unknown_reasons(whole: SweepSpec, tier: SweepSpec) -> Iterator[tuple[str, str]]:
    """Yield the names under `because` of a tier that neither it nor its sweep has, and what is wrong with them."""
    known = {**dict.fromkeys(SweepSpec.model_fields), **_names(whole), **_names(tier)}
    for name in tier.because:
        if name not in known:
            yield name, f"is nothing that this sweep has{did_you_mean(name, known) or TAKEN}"


def shown_value(value: Any) -> str:
    """Return a value of an axis as `because` names it."""
    return str(value.get("type", value)) if isinstance(value, dict) else plain(value)


def _names(spec: SweepSpec) -> dict[str, None]:
    names = [*(f"cells.{name}" for name in spec.cells), *(f"figures.{name}" for name in spec.figures)]
    for axes in (spec.grid, spec.zip, *(when.grid for when in spec.when)):
        names += [name for key, values in axes.items() for name in _of_axis(key, values)]
    return dict.fromkeys(names)


def _of_axis(key: str, values: list[Any]) -> list[str]:
    return [key, key.partition(".")[0], *(f"{key}={shown_value(value)}" for value in values)]
