"""What the doctor finds."""

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One thing looked at: whether it is well, and what was seen."""

    name: str
    verdict: Literal["ok", "note", "wrong"]
    detail: str
