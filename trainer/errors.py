"""Errors that are not bugs.

    UserError            the user can fix it: one line with place, problem and way out; exit code 2, no traceback
    ├── DataError        a data set is missing, damaged, malicious or unsuitable
    │   └── FetchError   a named data set could not be downloaded
    ├── SnapshotError    a snapshot or checkpoint is missing, damaged or does not match
    └── OutputError      an output path is missing, full or read-only

A bug is an AssertionError or whatever Python raises: exit code 70, with its traceback.
"""

import difflib
import errno
import unicodedata
from collections.abc import Iterable, Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of adasweep, trainer and analysis; supervisors and schedulers act on them."""

    DONE = 0
    USER_ERROR = 2
    SOME_FAILED = 3
    BUG = 70
    RUN_AGAIN = 75


ERROR_PREFIX = "adasweep: error: "
"""The prefix of every error on standard error, in all programs."""


NO_ROOM: Mapping[int, str] = {
    errno.ENOSPC: "free space",
    errno.EDQUOT: "free space",
    errno.EFBIG: "raise the limit of the sizes of files (ulimit -f)",
}
"""The errno values of a write for which there is no room, and the ways out."""


NO_PLACE: Mapping[int, str] = {
    errno.EEXIST: "is a file where a folder belongs",
    errno.ENOTDIR: "lies below a file, which is in the way",
    errno.EISDIR: "is a folder where a file belongs",
    errno.ELOOP: "is a link to itself",
    errno.ENAMETOOLONG: "has too long a name, or is a link to one",
    errno.EOPNOTSUPP: "lies where no file or folder can be made",
}
"""The errno values of a path that leads nowhere or to something of another kind, and what is wrong with it."""


READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""The errno values of a write to a read-only location."""


UNREADABLE, READABLE = "cannot be read (permission denied)", "ask its owner to make it readable"
"""What is wrong with a place that this user may not read, and the way out."""


HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories that are not text: control, format (including text direction), line separators."""


def without_prefix(line: str) -> str:
    """Return an error line without its prefix, also as written by workers of earlier versions."""
    return line.removeprefix("adasweep: ").removeprefix("error: ")


def counted(number: int, what: str) -> str:
    """Return `1 image`, `2 images`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def printable(text: str, kept: str = "") -> str:
    r"""Return text with control characters, except those `kept`, escaped: `\x1b`, `\u202e`.

    Bytes that were not valid UTF-8 become the replacement character.
    """
    return text if text.isprintable() else "".join(one if one in kept else _written_out(one) for one in text)


def _written_out(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return character.encode("unicode_escape").decode() if category in HIDDEN else character


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest of the `known` words, "" if none is near."""
    near = nearest(word, known)
    return f"; did you mean '{near}'?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the nearest of the `known` words, in any case, "" if none is near."""
    known = list(known)
    lowered = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else next(iter(_same_ending(word, known)), "")


def _same_ending(word: str, known: list[str]) -> list[str]:
    """Return the keys whose last part is `word`, in case the group was omitted."""
    return sorted((key for key in known if key.rsplit(".", 1)[-1] == word), key=len)


class UserError(Exception):
    """An error that the user can fix. `str()` is one line: place, what is wrong with its value, way out."""

    def __init__(self, place: object, problem: str, way_out: str = "") -> None:
        self.place = str(place)
        self.problem = problem
        self.way_out = way_out
        super().__init__(self.place, problem, way_out)

    def __str__(self) -> str:
        line = f"{self.place}: {self.problem}" + (f"; {self.way_out}" if self.way_out else "")
        return printable(" ".join(line.split()))


class DataError(UserError):
    """A data set is missing, damaged, malicious or unsuitable."""


class FetchError(DataError):
    """A named data set could not be downloaded."""


class SnapshotError(UserError):
    """A snapshot or checkpoint is missing, damaged or does not match."""


class OutputError(UserError):
    """An output path is missing, full or read-only."""
