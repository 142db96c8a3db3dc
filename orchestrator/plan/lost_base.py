"""Finds values that are overridden unnoticed: of a tier's `base`, and those that expressions read too early."""

import re
from collections.abc import Iterator

from orchestrator.errors import Problem
from orchestrator.sweep.cells import settings_at
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.setting import Setting
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.yaml_source import KeyPath, spelled


def lost_base(sweep: Sweep) -> Iterator[Problem]:
    """Yield the lines of a tier's own `base` that have no effect, because the tier inherits what overrides them."""
    by = {key: path for key, path in _of_every_cell(sweep.spec) if not sweep.is_of_tier(path)}
    for setting in settings_at(sweep.spec.base, ("base",)):
        path = by.get(setting.canonical_key)
        if path and sweep.is_of_tier(setting.path):
            told = f"has no effect: {spelled(path)} overrides it; override that in the tier, or leave this out"
            yield sweep.problem(setting.path, told)


def stale_reads(sweep: Sweep) -> Iterator[Problem]:
    """Yield the lines of `derive` that read a value which a later line changes."""
    keys = [*sweep.spec.derive]
    for place, key in enumerate(keys):
        for later in (one for one in keys[place + 1 :] if _reads(str(sweep.spec.derive[key]), one)):
            told = f"reads {later} before {later} is derived, so its value before that; put its line above"
            yield sweep.problem(("derive", key), told)


def _of_every_cell(spec: SweepSpec) -> Iterator[tuple[str, KeyPath]]:
    """Yield the keys that every cell sets to a value which does not depend on `base`, and where."""
    yield from ((_canonical(key), ("derive", key)) for key in spec.derive if not _is_read(spec, key))
    of_cells = [{_canonical(key): ("cells", name, key) for key in given} for name, given in spec.cells.items()]
    for key in set.intersection(*map(set, of_cells)) if of_cells else ():
        yield from ((key, paths[key]) for paths in reversed(of_cells))
    for kind, axes in (("zip", spec.zip), ("grid", spec.grid)):
        yield from ((_canonical(key), (kind, key)) for key in axes)


def _is_read(spec: SweepSpec, key: str) -> bool:
    """Return whether a condition or an expression may read a key before it is derived."""
    texts = [*map(str, spec.derive.values()), *(name for when in spec.when for name in when.if_)]
    return any(_reads(text, key) for text in texts)


def _reads(text: str, key: str) -> bool:
    return bool(re.search(rf"(?<![\w.]){re.escape(key)}(?!\w)", text))


def _canonical(key: str) -> str:
    return Setting(key, None, ()).canonical_key
