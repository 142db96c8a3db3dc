"""Finds cells that train alike although their configurations differ: by settings that change nothing."""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.sweep.trial import Trial
from trainer.config.identity import ENCODER
from trainer.config.idle_settings import idle_settings
from trainer.config.train import TrainConfig


def alike(trials: Sequence[Trial]) -> Iterator[str]:
    """Yield which cells differ only in settings that change nothing, one line for each group of them."""
    firsts: dict[str, Trial] = {}
    for trial in trials:
        firsts.setdefault(trial.cell, trial)
    idle = {cell: idle_settings(trial.config) for cell, trial in firsts.items()}
    keys = dict.fromkeys(key for found in idle.values() for key in found)
    varied = [key for key in keys if len({repr(_value(trial.config, key)) for trial in firsts.values()}) > 1]
    for group in _groups(firsts, idle) if varied else ():
        ids = {firsts[cell].id for cell in group}
        if len(ids) > 1:
            yield _told(group, firsts, idle[group[0]])


def _groups(firsts: dict[str, Trial], idle: dict[str, dict[str, str]]) -> list[list[str]]:
    """Return the labels of cells, in groups of those that train alike."""
    groups: dict[str, list[str]] = {}
    for cell, trial in firsts.items():
        groups.setdefault(_effective(trial.config, idle[cell]), []).append(cell)
    return list(groups.values())


def _effective(config: TrainConfig, idle: dict[str, str]) -> str:
    """Return a configuration without what changes nothing, as text."""
    tree = config.model_dump(mode="json")
    for key in idle:
        *above, last = key.split(".")
        functools.reduce(lambda here, part: here.get(part, {}), above, tree).pop(last, None)
    return ENCODER.encode(tree)


def _value(config: TrainConfig, key: str) -> Any:
    """Return the value of a dotted key, None if a configuration has no such setting."""
    here: Any = config
    for part in key.split("."):
        here = getattr(here, part, None)
    return here


def _told(group: list[str], firsts: dict[str, Trial], idle: dict[str, str]) -> str:
    first, *others = group
    differing = [key for key in idle if len({repr(_value(firsts[cell].config, key)) for cell in group}) > 1]
    why = ", and ".join(f"{key} changes nothing: {idle[key]}" for key in differing)
    return f"{first!r} trains like {', '.join(map(repr, others))}, as a run of its own: {why}"
