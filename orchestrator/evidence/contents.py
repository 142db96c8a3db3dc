"""Defines evidence: which files of a store go into packs, their kinds, and how two versions of a file are merged."""

import os
import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from trainer.files import matching


class Rule(Enum):
    """How an incoming file is merged with an existing file of the same name."""

    KEEP = auto()
    """Written once: keep the existing file."""

    NEWEST = auto()
    """Replaced as a whole: keep the one modified last."""

    LOG = auto()
    """Append-only: keep the longer one if it starts with the other, else the existing file."""

    ROWS = auto()
    """Rows with times: keep the rows of both."""


class Kind(NamedTuple):
    """One kind of file. `option` is the option of `adasweep pack` that includes it; "" if it is always included."""

    name: str
    pattern: re.Pattern[str]
    rule: Rule
    option: str = ""


NAME = r"[A-Za-z0-9_][A-Za-z0-9_.=+-]*"
NAMES = rf"{NAME}(?:/{NAME})*"
TRIAL = r"trials/(?P<shard>[0-9a-f]{2})/(?P=shard)[0-9a-f]{10}"
SHEET = re.compile(rf"(?P<folder>{TRIAL}/samples)/fakes-(?P<images>\d+)\.png")
ATTEMPT = rf"{TRIAL}/attempts/\d{{3,}}"


def _kind(name: str, pattern: str, rule: Rule, option: str = "") -> Kind:
    return Kind(name, re.compile(pattern), rule, option)


KINDS = (
    _kind("configuration", rf"{TRIAL}/trial\.json", Rule.KEEP),
    _kind("job", rf"{ATTEMPT}/job\.json", Rule.KEEP),
    _kind("record", rf"{ATTEMPT}/record\.json", Rule.NEWEST),
    _kind("request", rf"{ATTEMPT}/cancel", Rule.KEEP),
    _kind("request", rf"{TRIAL}/(?:retry|(?:stops|cancels)/{NAME})\.json", Rule.NEWEST),
    _kind("rows", rf"{TRIAL}/(?:ticks|metrics|logits|events)\.jsonl", Rule.ROWS),
    _kind(
        "rows", rf"{TRIAL}/set-aside/[0-9]{{3,}}(?:\.beyond)?(?:-[0-9]+)?/(?:ticks|metrics|logits)\.jsonl", Rule.ROWS
    ),
    _kind("sample", rf"{TRIAL}/samples/{NAME}\.png", Rule.KEEP),
    _kind("probe", rf"{TRIAL}/probes/{NAME}\.(?:npz|png)", Rule.KEEP),
    _kind(
        "snapshot",
        rf"{TRIAL}/snapshots/(?:config\.json|snapshot-\d{{9,}}(?:-t\d{{4,}})?\.safetensors)",
        Rule.KEEP,
        "snapshots",
    ),
    _kind(
        "checkpoint",
        rf"{TRIAL}/checkpoints/ckpt-\d{{9,}}-t\d{{4,}}-[0-9a-f]{{16}}\.safetensors",
        Rule.KEEP,
        "checkpoints",
    ),
    _kind("start", rf"{TRIAL}/start\.safetensors", Rule.KEEP, "checkpoints"),
    _kind("lease", rf"{TRIAL}/leases/[0-9]{{6}}(?:\.ended)?", Rule.KEEP, "checkpoints"),
    _kind("plan", rf"sweeps/{NAMES}/plan\.json", Rule.NEWEST),
    _kind("search", rf"sweeps/{NAMES}/optuna\.jsonl", Rule.LOG),
    _kind("times", rf"sweeps/{NAMES}/runs\.jsonl", Rule.LOG),
    _kind("figure", rf"figures/{NAMES}\.(?:pdf|png|csv|provenance\.json)", Rule.NEWEST),
)


def kind_of(path: str) -> Kind | None:
    """Return the kind of the file at `path` in a store; None for other files and for unsafe paths."""
    return next((kind for kind in KINDS if kind.pattern.fullmatch(path)), None)


def evidence_in(root: Path, folders: Iterable[Path]) -> Iterator[tuple[str, Kind]]:
    """Yield path and kind of every file of evidence in `folders` of the store at `root`, in order."""
    files = sorted({file for folder in folders for file in matching(folder, "**/*") if os.path.isfile(file)})
    for file in files:
        path = file.relative_to(root).as_posix()
        if kind := kind_of(path):
            yield path, kind


def left_out_of_abandoned(root: Path, folders: Iterable[Path]) -> list[Path]:
    """Return the files of abandoned trainings in `folders` that are no evidence: all but their rows."""
    files = sorted({file for folder in folders for file in matching(folder, "set-aside/**/*")})
    return [
        one for one in files if one.is_file() and not one.is_symlink() and not kind_of(one.relative_to(root).as_posix())
    ]


def without_earlier_sheets(files: Iterable[tuple[str, Kind]]) -> Iterator[tuple[str, Kind]]:
    """Yield the given files but, of the sheets of generated images of each trial, only the last."""
    listed = list(files)
    sheets = {path: match for path, _ in listed if (match := SHEET.fullmatch(path))}
    last: dict[str, int] = {}
    for match in sheets.values():
        last[match["folder"]] = max(last.get(match["folder"], 0), int(match["images"]))
    for path, kind in listed:
        sheet = sheets.get(path)
        if sheet is None or int(sheet["images"]) == last[sheet["folder"]]:
            yield path, kind
