"""`transfer` as a file or nothing at one place, as parts of a source at another: what is said is run, or refused."""

import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import read_sweep
from orchestrator.sweep.trial import Trial
from tests.support.tiny_sweep import find

FORMS: dict[str, Mapping[str, Any]] = {
    "file": {"transfer": "x.safetensors"},
    "null": {"transfer": None},
    "cell": {"transfer.cell": "a"},
    "cell in a group": {"transfer": {"cell": "a"}},
    "moment": {"transfer.at": 0.5},
    "moment in a group": {"transfer": {"at": 0.5}},
}
LEVELS = ("base", "cells", "grid", "set")
"""Where `transfer` may be set, later ones over earlier ones; `grid` is an axis under a condition."""
OF_NO_USE = "is of no use: `transfer` is "


def sweep_with(*given: tuple[str, str]) -> dict[str, Any]:
    """Return a sweep of the cells a and b, the latter with these forms at these levels."""
    sweep: dict[str, Any] = {"sweep": "s", "base": {"preset": "tiny32", "data": "tiny"}, "horizon_kimg": 2}
    sweep |= {"watch": {"evaluate_every_kimg": 0.5, "snapshots_kept": "all"}}
    sweep |= {"cells": {"a": {"augment": "none", "transfer": None}, "b": {"augment": "ada"}}, "when": []}
    for level, form in given:
        if level == "base":
            sweep["base"] |= FORMS[form]
        elif level == "cells":
            sweep["cells"]["b"] |= FORMS[form]
        else:
            settings = dict(FORMS[form]) if level == "set" else {key: [value] for key, value in FORMS[form].items()}
            sweep["when"].append({"if": {"augment": "ada"}, level: settings})
    return sweep


def outcome(folder: Path, sweep: Mapping[str, Any], tier: str = "") -> str:
    """Return what cell b starts from. Raises SweepError."""
    (folder / "x.safetensors").write_bytes(b"weights")
    (folder / "sweep.yaml").write_text(json.dumps(sweep, indent=1))
    (b,) = (trial for trial in expand(read_sweep(folder / "sweep.yaml", tier), find) if trial.name == "b")
    return started(b)


def tried(folder: Path, sweep: Mapping[str, Any]) -> tuple[str, str]:
    """Return what cell b starts from, and why the sweep is refused; one of them is ""."""
    try:
        return outcome(folder, sweep), ""
    except SweepError as error:
        return "", str(error)


def started(trial: Trial) -> str:
    if trial.source is None:
        return "null" if trial.transfer_path is None else "file"
    return f"{trial.source.trial.name} at {trial.source.snapshot.kimg:.0f}"


def expected(*forms: str) -> str:
    """Return what forms, one over the other, say together; "" if they say nothing that can be run."""
    plain, cell, moment = "null", "", ""
    for form in forms:
        if form in ("file", "null"):
            plain, cell, moment = form, "", ""
        elif form.startswith("cell"):
            cell = "a"
        else:
            moment = "1"  # rounded: of a half
    if cell:
        return f"a at {moment or 2}"
    return "" if moment else plain


@pytest.mark.parametrize(("low", "high"), list(itertools.combinations(LEVELS, 2)))
def test_what_is_run_is_what_the_levels_say_together_or_it_is_refused_at_a_line(
    tmp_path: Path, low: str, high: str
) -> None:
    for first, second in itertools.product(FORMS, repeat=2):
        found, refused = tried(tmp_path, sweep_with((low, first), (high, second)))
        may_be_refused = not expected(first, second) or "overrides the axis" in refused
        assert may_be_refused if refused else found == expected(first, second), (first, second, found, refused)
        assert not refused or re.search(r"sweep\.yaml:\d+: .*transfer", refused), refused


@pytest.mark.parametrize("level", ["base", "cells", "set"])
@pytest.mark.parametrize("plain", ["file", "null"])
@pytest.mark.parametrize("part", ["cell", "moment"])
def test_a_file_beside_parts_of_a_source_is_refused_and_both_are_named(
    tmp_path: Path, level: str, plain: str, part: str
) -> None:
    sweep = sweep_with((level, plain))
    place = {"base": sweep["base"], "cells": sweep["cells"]["b"], "set": (sweep["when"] or [{}])[-1].get("set")}[level]
    place |= FORMS[part]
    with pytest.raises(SweepError, match=r"transfer\.(cell|at): is given twice, here and as `transfer`; keep one"):
        outcome(tmp_path, sweep)


@pytest.mark.parametrize("plain", ["file", "null"])
@pytest.mark.parametrize("part", ["moment", "moment in a group"])
@pytest.mark.parametrize("level", ["cells", "grid", "set"])
def test_a_moment_of_what_is_no_cell_is_refused_with_a_way_out(
    tmp_path: Path, level: str, part: str, plain: str
) -> None:
    with pytest.raises(SweepError, match=rf"{OF_NO_USE}(a file|null), no cell of a sweep; add transfer\.cell"):
        outcome(tmp_path, sweep_with(("base", plain), (level, part)))


def test_an_expression_for_the_moment_of_a_file_is_refused(tmp_path: Path) -> None:
    sweep = sweep_with(("base", "file")) | {"derive": {"transfer.at": "horizon_kimg / 2"}}
    with pytest.raises(SweepError, match=rf"derive\.transfer\.at: {OF_NO_USE}a file"):
        outcome(tmp_path, sweep)


@pytest.mark.parametrize("part", ["cell", "cell in a group"])
def test_a_tier_may_name_a_cell_in_place_of_a_file(tmp_path: Path, part: str) -> None:
    sweep = sweep_with(("base", "file")) | {"tiers": {"small": {"base": FORMS[part]}}}
    assert (outcome(tmp_path, sweep), outcome(tmp_path, sweep, "small")) == ("file", "a at 2")


def test_a_tier_that_names_a_file_beside_an_inherited_part_is_refused(tmp_path: Path) -> None:
    sweep = sweep_with(("base", "cell")) | {"tiers": {"small": {"base": FORMS["file"]}}}
    with pytest.raises(SweepError, match=r"base\.transfer\.cell: is given twice, here and as `transfer`"):
        outcome(tmp_path, sweep, "small")
