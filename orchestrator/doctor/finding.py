"""A result of `adasweep doctor`."""

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One check: its name, its verdict, and what was found."""

    name: str
    verdict: Literal["ok", "note", "wrong"]
    detail: str
