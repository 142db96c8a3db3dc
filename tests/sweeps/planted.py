"""The errors that are planted in copies of paper sweeps, one of each kind."""

import json
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from orchestrator.sweep.deviations import Facts
from orchestrator.sweep.yaml_source import load

Document = dict[str, Any]
"""A sweep file as parsed YAML."""

OTHER_REFERENCE = {
    "fid50k_full": "fid50k",
    "fid50k": "fid50k_full",
    "fid10k_full": "fid10k_test",
    "fid10k_test": "fid10k_full",
    "fid5k_full": "fid5k",
}
WIDTHS = ("generator.channel_base", "generator.channels", "discriminator.channel_base", "discriminator.channels")
NAMING = ("claims", "published", "underpowered")
INCLUDED = ("grid", "zip", "when", "metrics", "score")


def halved_gamma(sweep: Document, known: list[Facts]) -> None:
    """Halve the weight of the penalty on gradients in every cell; where there is none, add one."""
    if "objective.r1_gamma" in sweep.get("grid", {}):
        sweep["grid"]["objective.r1_gamma"] = [value / 2 for value in sweep["grid"]["objective.r1_gamma"]]
        return
    for key in ("objective.r1_gamma", "objective.penalty_weight"):
        _add(sweep, _rules(key, known))


def halved_width(sweep: Document, known: list[Facts]) -> None:
    """Halve the widths of both networks in every cell; those that start from another network no longer fit it."""
    for key in WIDTHS:
        _add(sweep, _rules(key, known))


def removed_subset(sweep: Document, _known: list[Facts]) -> None:
    """Remove one training set: a size, or a data set; where there is a single one, take a part of it."""
    whens = [when["grid"] for when in sweep.get("when", []) if "data.subset" in when.get("grid", {})]
    grid, zipped = sweep.get("grid", {}), sweep.get("zip", {})
    if "data.subset" in zipped:
        sweep["zip"] = {key: values[1:] for key, values in zipped.items()}
    elif "data.subset" in grid:
        grid["data.subset"] = grid["data.subset"][1:]
    elif whens:
        whens[0]["data.subset"] = whens[0]["data.subset"][1:]
    elif "data" in grid:
        grid["data"] = grid["data"][1:]
    else:
        _add(sweep, [{"if": {}, "set": {"data.subset": 77}}])


def wrong_reference(sweep: Document, _known: list[Facts]) -> None:
    """Measure FID against other real images."""
    sweep["metrics"] = [OTHER_REFERENCE.get(name, name) for name in sweep["metrics"]]
    sweep["score"] = OTHER_REFERENCE.get(sweep["score"], sweep["score"])


KINDS: dict[str, Callable[[Document, list[Facts]], None]] = {
    "gamma halved": halved_gamma,
    "width halved": halved_width,
    "a subset removed": removed_subset,
    "a wrong reference": wrong_reference,
}


def plant(file: Path, kind: str, known: list[Facts]) -> None:
    """Plant an error in a sweep file, given the settings of its paper tier; other tiers and what names metrics go."""
    sweep = _stripped(file)
    if "include" in sweep:
        other = file.parent / sweep["include"]
        included = _stripped(other)
        other.write_text(json.dumps(included))
        sweep = {key: deepcopy(included[key]) for key in INCLUDED if key in included} | sweep
    KINDS[kind](sweep, known)
    file.write_text(json.dumps(sweep))


def _stripped(file: Path) -> Document:
    values = {key: value for key, value in load(file).values.items() if key not in NAMING}
    return deepcopy(values) | {"tiers": {"paper": {}}, "claims": [], "published": []}


def _rules(key: str, known: list[Facts]) -> Iterator[Document]:
    """Yield the rules that halve a setting; smaller values come first, so that none is halved twice."""
    part = key.partition(".")[0]
    found = {(facts[key], facts[part] or "") for facts in known if facts.get(key) is not None}
    is_of_all = len(found) == 1 and all(facts.get(key) is not None for facts in known)
    for value, kind in sorted(found):
        half = value // 2 if isinstance(value, int) else value / 2
        where = {} if is_of_all else {key: value} | ({part: kind} if kind else {})
        yield {"if": where, "set": {key: half or 1.0}}


def _add(sweep: Document, rules: Iterable[Document]) -> None:
    sweep["when"] = [*sweep.get("when", []), *rules]
