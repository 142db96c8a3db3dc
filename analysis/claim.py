"""The grammar of claims: "ada < baseline at subset=2000, p<0.01, n>=5".

    claim     := method ("<" | ">") method [("at" | "@") condition {"," condition}] {"," demand}
    condition := axis "=" value              the axis by its dotted key or the last part of it
    demand    := "p<" number | "n>=" number  default p<0.05, n>=3

"<" says that the score of the left method is the smaller number.
"""

import math
import re
from typing import NamedTuple

from analysis.errors import ClaimError

EXAMPLE = "ada < baseline at subset=2000, p<0.01, n>=5"


class Claim(NamedTuple):
    """What is claimed. `less` and `more` are method names: the score of `less` is claimed to be the smaller."""

    text: str
    less: str
    more: str
    conditions: dict[str, str]
    alpha: float = 0.05
    seeds: int = 3


_STATEMENT = re.compile(
    r"^\s*(?P<left>[^<>]+?)\s*(?P<relation>[<>])\s*(?P<right>\S.*?)(?:(?:\s+at\s+|\s*@\s*)(?P<at>.+))?$"
)
_PART = re.compile(r"^\s*(?P<name>[\w.]+)\s*(?P<relation><|>=|=)\s*(?P<value>\S+)\s*$")


def is_testable(text: str) -> bool:
    """Return whether `text` states a comparison; a sweep may also quote its paper in words."""
    return _STATEMENT.match(text.split(",")[0]) is not None


def parse_claim(text: str) -> Claim:
    """Return the claim that `text` states. Raises ClaimError with the part that is not understood."""
    head, *rest = text.split(",")
    statement = _STATEMENT.match(head)
    if statement is None:
        raise ClaimError(f'claim "{text}": write it like "{EXAMPLE}"')
    conditions: dict[str, str] = {}
    alpha, seeds = 0.05, 3
    for part in ([statement["at"]] if statement["at"] else []) + rest:
        found = _PART.match(part)
        match (found["name"], found["relation"]) if found else None:
            case ("p", "<") if found and 0 < _number(found["value"]) < 1:
                alpha = _number(found["value"])
            case ("n", ">=") if found and found["value"].isdigit():
                seeds = int(found["value"])
            case (_, "=") if found:
                conditions[found["name"]] = found["value"]
            case _:
                raise ClaimError(f'claim "{text}": "{part.strip()}" is neither axis=value, nor p<0.01, nor n>=5')
    left, right = statement["left"], statement["right"].strip()
    less, more = (left, right) if statement["relation"] == "<" else (right, left)
    return Claim(text, less, more, conditions, alpha, seeds)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
