"""Validated reading of a store's files: rows of .jsonl files, and documents of one JSON object.

All files of trials are parsed here. A crash, a full disk, an editor or a later version may have damaged them: invalid
parts are skipped, and can be reported with file, line and reason.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from json import JSONDecodeError
from math import inf
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Protocol, TypeGuard, TypeVar

from pydantic import BaseModel, Field, ValidationError

from trainer.files import parsed_json, read_regular

StoredRow = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)


class _OfAttempt(Protocol):
    @property
    def attempt(self) -> int: ...


Numbered = TypeVar("Numbered", bound=_OfAttempt)

MOST_KIMG = 1e12
MOST_SECONDS = 1e11
MOST_COUNT = 2**53
MOST_LETTERS = 200

Kimg = Annotated[float, Field(ge=0, le=MOST_KIMG)]
Horizon = Annotated[float, Field(gt=0, le=MOST_KIMG)]
Moment = Annotated[float, Field(ge=0, le=MOST_SECONDS)]
"""Seconds since 1970."""
Duration = Annotated[float, Field(ge=0, le=MOST_SECONDS)]
"""Seconds; longer ones cannot have been measured."""
WholeNumber = Annotated[int, Field(ge=-MOST_COUNT, le=MOST_COUNT)]
"""An integer that fits every table and database."""

TOLERANCE_KIMG = 1e-6

METRIC = re.compile(rf"[A-Za-z0-9_.+/:-]{{1,{MOST_LETTERS}}}")
STATISTIC = re.compile(rf"[A-Za-z0-9_.+/: -]{{1,{MOST_LETTERS}}}")


class Malformed(NamedTuple):
    """A file, or a line of one (from 1; 0 is the whole file), that is skipped, and why."""

    path: Path
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.why}" if self.line else f"{self.path}: {self.why}"


def is_within(kimg: float, horizon_kimg: float) -> bool:
    """Return whether results at `kimg` belong to a sweep of this horizon.

    Sweeps share trials: what another sweep trained beyond this horizon is not part of this one. Used by search, stop
    rules, plan, status, tables and figures.
    """
    return kimg <= horizon_kimg + TOLERANCE_KIMG


def is_due(kimg: float, horizon_kimg: float, every_kimg: float, batch: float) -> bool:
    """Return whether a sweep evaluates at `kimg`: at its horizon, and after the iteration that completes an interval.

    `batch`: the most images of an iteration. Another sweep may have evaluated a shared trial at other moments.
    """
    intervals = (kimg + TOLERANCE_KIMG) // every_kimg
    late = kimg - intervals * every_kimg
    is_regular = (intervals >= 1) & (late * 1000 < batch - 1 + 1000 * TOLERANCE_KIMG)
    return is_regular | (abs(kimg - horizon_kimg) <= TOLERANCE_KIMG)


class EvaluationMoments(NamedTuple):
    """The points of training at which a sweep has scores of a trial, up to its horizon, as `is_due` says.

    A plan of an earlier version has neither interval nor batch: then all count.
    """

    horizon_kimg: float
    every_kimg: float | None = None
    batch: int | None = None

    def include(self, kimg: float) -> bool:
        """Return whether the sweep evaluates at `kimg`."""
        if self.every_kimg is None or self.batch is None:
            return True
        return is_due(kimg, self.horizon_kimg, self.every_kimg, self.batch)


def rows_in(path: Path, malformed: list[Malformed] | None = None) -> list[StoredRow]:
    """Return the valid rows of a .jsonl file, whose name determines their format; none if the file is missing.

    Other lines are skipped, and reported in `malformed`.
    """
    skipped = malformed if malformed is not None else []
    try:
        content = read_regular(path)
    except FileNotFoundError:
        return []
    except OSError as error:
        skipped.append(Malformed(path, 0, reason_of(error)))
        return []
    return list(rows_of(content, path, skipped))


def rows_of(content: bytes, path: Path, malformed: list[Malformed]) -> Iterator[StoredRow]:
    """Yield the valid rows in the content of the .jsonl file at `path`; report other lines in `malformed`."""
    lines, fault_of = content.split(b"\n"), FAULTS[path.name]
    for number, row in enumerate(_together(lines) or map(_alone, lines), start=1):
        fault = row if isinstance(row, str) else fault_of(row)
        if isinstance(row, dict) and not fault:
            yield _without_odd_details(row)
        elif fault and lines[number - 1].strip():
            malformed.append(Malformed(path, number, fault))


def _together(lines: list[bytes]) -> list[StoredRow] | None:
    """Return the objects of all lines, parsed at once for speed; None if a line is not exactly one object."""
    if lines and not lines[-1]:
        lines = lines[:-1]
    try:
        found = parsed_json(b"[" + b",".join(lines) + b"]")
    except ValueError:
        return None
    whole = len(found) == len(lines) and all(isinstance(row, dict) for row in found)
    return found if whole else None


def _alone(line: bytes) -> StoredRow | str:
    """Return the object of a line, or what is wrong with it."""
    try:
        row = parsed_json(line)
    except JSONDecodeError:
        return "torn line"
    except ValueError as error:
        return str(error)
    return row if isinstance(row, dict) else "not an object"


def _without_odd_details(row: StoredRow) -> StoredRow:
    """Return a valid row without its invalid optional values."""
    odd = [name for name in DETAILS.keys() & row.keys() if row[name] is not None and not DETAILS[name](row[name])]
    return {**row, **dict.fromkeys(odd)} if odd else row


def place_fault(row: StoredRow) -> str:
    """Return what is wrong with the kimg, time or attempt of a row, "" if nothing is."""
    if not _within(row.get("kimg"), MOST_KIMG):
        return f"kimg is not a number from 0 to {MOST_KIMG:g}"
    if "time" in row and not is_moment(row["time"]):
        return "time is not a number of seconds since 1970"
    return _first_fault(row, ("attempt",), _is_count, "a count")


def metric_fault(row: StoredRow) -> str:
    """Return what is wrong with a row of metrics.jsonl, "" if nothing is. NaN is valid: it means divergence."""
    name = row.get("metric")
    if not isinstance(name, str) or not METRIC.fullmatch(name):
        return "metric is not the name of a metric"
    if not _is_number(row.get("value")):
        return "value is not a number"
    if row["value"] in (inf, -inf):
        return "value is infinite"
    return (
        place_fault(row)
        or _first_fault(row, ("seed",), _is_count, "a count")
        or _first_fault(row, ("identity", "basis", "reference"), _is_word, "a short text")
    )


def tick_fault(row: StoredRow) -> str:
    """Return what is wrong with a row of ticks.jsonl, "" if nothing is."""
    stats = row.get("stats")
    if stats is not None and not isinstance(stats, dict):
        return "stats is not an object"
    if any(not STATISTIC.fullmatch(name) for name in stats or ()):
        return "stats has an invalid name"
    return (
        place_fault(row)
        or _first_fault(row, MEASURED, _is_number, "a number")
        or _first_fault(row, ("nan_gradients",), _is_count, "a count")
        or _first_fault(stats or {}, stats or (), _is_number, "a number")
    )


def logits_fault(row: StoredRow) -> str:
    """Return what is wrong with a row of logits.jsonl, or nothing: counts of logits between the edges in `bins`."""
    bins = row.get("bins")
    if not isinstance(bins, list) or not all(map(_is_finite, bins)) or any(a >= b for a, b in pairwise(bins)):
        return "bins are no rising numbers"
    for kind in LOGIT_KINDS:
        counts = row.get(kind)
        if counts is not None and not (isinstance(counts, list) and len(counts) == len(bins) - 1):
            return f"{kind} is no list of a count per bin"
        if not all(map(_is_count, counts or ())):
            return f"{kind} has what is not a count"
    return place_fault(row)


LOGIT_KINDS = ("train", "validation", "generated")
"""Of which images logits.jsonl has histograms."""

MEASURED = ("images_per_second", "seconds_per_kimg", "p", "r_t", "r_v", "lr", "memory_gib", "energy_joules")
"""The measurements in a row of ticks.jsonl that have their own columns."""

FAULTS: Mapping[str, Callable[[StoredRow], str]] = {
    "metrics.jsonl": metric_fault,
    "ticks.jsonl": tick_fault,
    "events.jsonl": place_fault,
    "logits.jsonl": logits_fault,
}
"""The function that checks a row, by file name."""

DETAILS: Mapping[str, Callable[[Any], bool]] = {
    "num_real": lambda value: _is_count(value),
    "num_generated": lambda value: _is_count(value),
    "seconds": lambda value: _within(value, MOST_SECONDS),
}
"""Optional values of a row, and their checks."""


def _first_fault(row: StoredRow, names: Iterable[str], fits: Callable[[Any], bool], what: str) -> str:
    for name in names:
        value = row.get(name)
        if value is not None and not fits(value):
            return f"{name} is not {what}"
    return ""


def is_moment(value: Any) -> TypeGuard[float]:
    """Return whether a value is a number of seconds since 1970."""
    return _within(value, MOST_SECONDS)


def _within(value: Any, most: float) -> bool:
    return (type(value) is float or type(value) is int) and 0 <= value <= most


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_COUNT


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_LETTERS and value.isprintable()


def _is_finite(value: Any) -> bool:
    return _is_number(value) and -math.inf < value < math.inf


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < 2**1023)


def read_document(path: Path, model: type[Model], malformed: list[Malformed] | None = None) -> Model | None:
    """Return the document at `path`; None if it is missing, or invalid, which is reported in `malformed`."""
    try:
        return model.model_validate_json(read_regular(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        fault = reason_of(error)
    if malformed is not None:
        malformed.append(Malformed(path, 0, fault))
    return None


def of_own_attempt(found: Numbered | None, path: Path, malformed: list[Malformed] | None) -> Numbered | None:
    """Return a document of an attempt; None, reported in `malformed`, if it is in the folder of another attempt."""
    if found is None or f"{found.attempt:03d}" == path.parent.name:
        return found
    if malformed is not None:
        malformed.append(Malformed(path, 0, f"belongs to attempt {found.attempt}"))
    return None


def reason_of(error: OSError | ValueError) -> str:
    """Return why a file cannot be read or is invalid."""
    if isinstance(error, OSError):
        return f"cannot be read ({(error.strerror or str(error)).lower()})"
    if not isinstance(error, ValidationError):
        return str(error) or "no JSON"
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "not JSON"
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
