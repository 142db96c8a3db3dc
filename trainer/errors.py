"""What can go wrong for a reason that is not a bug.

    UserError            somebody can put it right: one line with place, problem and way out; exit code 2, no traceback
    ├── DataError        a data set is missing, broken, hostile or unfit
    │   └── FetchError   a named data set could not be brought here
    ├── SnapshotError    a snapshot or checkpoint is missing, broken or does not fit
    └── OutputError      a place to write to is missing, full or read-only

A bug is an AssertionError or whatever Python raises: exit code 70, with its traceback.
"""

import difflib
import unicodedata
from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """How a command of adasweep, trainer or analysis ends; supervisors and schedulers decide by it."""

    DONE = 0
    USER_ERROR = 2
    SOME_FAILED = 3
    BUG = 70
    RUN_AGAIN = 75


ERROR_PREFIX = "adasweep: error: "
"""What every error begins with on standard error, whichever program tells it."""


HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Categories of Unicode that are no text: control, format (direction of writing among them), separators of lines."""


def without_prefix(line: str) -> str:
    """Return what an error line says; supervisors also read what workers of earlier versions wrote."""
    return line.removeprefix("adasweep: ").removeprefix("error: ")


def printable(text: str, kept: str = "") -> str:
    r"""Return text in which control characters, but those `kept`, are written out: `\x1b`, `\u202e`; none is obeyed.

    What was no UTF-8 is shown as the replacement character.
    """
    return text if text.isprintable() else "".join(one if one in kept else _written_out(one) for one in text)


def _written_out(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return character.encode("unicode_escape").decode() if category in HIDDEN else character


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest of the `known` words, or nothing where none is near."""
    known = list(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6) or _same_ending(word, known)
    return f"; did you mean '{near[0]}'?" if near else ""


def _same_ending(word: str, known: list[str]) -> list[str]:
    """Return the keys whose last part is `word`: somebody left the group out."""
    return sorted((key for key in known if key.rsplit(".", 1)[-1] == word), key=len)


class UserError(Exception):
    """A mistake that somebody can put right. `str()` is one line: place, what is wrong with its value, way out."""

    def __init__(self, place: object, problem: str, way_out: str = "") -> None:
        self.place = str(place)
        self.problem = problem
        self.way_out = way_out
        super().__init__(self.place, problem, way_out)

    def __str__(self) -> str:
        line = f"{self.place}: {self.problem}" + (f"; {self.way_out}" if self.way_out else "")
        return printable(" ".join(line.split()))


class DataError(UserError):
    """A data set is missing, broken, hostile or unfit."""


class FetchError(DataError):
    """A named data set could not be brought here."""


class SnapshotError(UserError):
    """A snapshot or checkpoint is missing, broken or does not fit."""


class OutputError(UserError):
    """A place to write to is missing, full or read-only."""
