"""The grammar of claims: "ada < baseline at subset=2000, p<0.01, n>=5".

    claim   := side ("<" | ">") side [("at" | "@") part] {"," part}
    side    := name {"&" axis "=" value}         "baseline", "ada & subset=500", "augment=ada & subset=500"
    part    := axis "=" value                    a condition on both sides
             | number "kimg"                     compare the values at this point of training
             | "by" {metric | reading}           compare another metric, or another reading of its curve
             | "p<" number | "n>=" number        what it takes to pass: p<0.05 and n>=3 by default
    reading := "best" | "last" | "rise" | "best_kimg"

"<" claims that the numbers of the left side are lower. A name is that of a cell, or the value of one of its axes;
"baseline" also names the cell without augmentation. Axes are given by their dotted key or its last part. Two forms are
not claims of a difference: "prose: ..." is stored but never tested, and "control: CLAIM" is a claim that must not hold.

Parsed when a sweep is read (orchestrator), and again when it is judged (analysis).
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from trainer.config.metrics.families import FAMILIES
from trainer.config.metrics.names import family_of
from trainer.config.stored import is_within

EXAMPLE = "ada < baseline at subset=2000, p<0.01, n>=5"
PROSE, CONTROL = "prose: ", "control: "
DEFAULT_ALPHA, DEFAULT_SEEDS = 0.05, 3


class ClaimProblem(ValueError):
    """What is wrong with a claim, phrased to follow its text."""


class Reading(StrEnum):
    """Which value of a run's curve is compared (for curves that rise again, see Karras et al. 2020, Fig. 1a).

    RISE: last over best, 1 if the last is the best. BEST_KIMG: where the best is; lower if the curve turns earlier.
    """

    BEST = "best"
    LAST = "last"
    RISE = "rise"
    BEST_KIMG = "best_kimg"
    AT_KIMG = "kimg"


class Side(NamedTuple):
    """The cell on one side: its name (None if only settings are given), and settings that distinguish it."""

    name: str | None
    settings: dict[str, str]

    def __str__(self) -> str:
        return " & ".join([*([self.name] if self.name else []), *(f"{k}={v}" for k, v in self.settings.items())])


class Claim(NamedTuple):
    """The claim that the number of `less` is lower than that of `more`. `metric` None: the sweep's score."""

    text: str
    less: Side
    more: Side
    alpha: float = DEFAULT_ALPHA
    seeds: int = DEFAULT_SEEDS
    metric: str | None = None
    reading: Reading = Reading.BEST
    kimg: float | None = None
    is_control: bool = False


_SETTING = re.compile(r"^([\w.]+)\s*=\s*(\S+)$")
_BREAKS = re.compile(r"\s*,\s*|\s+at\s+|\s*@\s*|\s+(?=by\s)")
_MOMENT = re.compile(r"^(\S+)\s*kimg$")


def is_prose(text: str) -> bool:
    """Return whether `text` is marked as prose, which is never tested."""
    return text.startswith(PROSE)


def parse_claim(text: str) -> Claim:
    """Return the claim that `text` states. Raises ClaimProblem, quoting the part that is not understood."""
    is_control = text.startswith(CONTROL)
    left, relation, rest = _halves(text.removeprefix(CONTROL))
    right, *parts = _BREAKS.split(rest.strip())
    read = _Parts()
    for part in parts:
        read.take(part.removeprefix("at "))
    sides = [_side(words, read.conditions) for words in (left, right)]
    less, more = sides if relation == "<" else reversed(sides)
    if less == more:
        raise ClaimProblem("compares a cell with itself")
    terms = (read.alpha, read.seeds, read.metric, read.reading, read.kimg)
    return Claim(text, less, more, *terms, is_control=is_control)


def _halves(text: str) -> tuple[str, str, str]:
    """Return the left side, the relation, and everything after it."""
    found = re.match(r"^\s*([^<>]+?)\s*([<>])\s*([^<>=\s].*)$", text, re.DOTALL)
    if found is None:
        raise ClaimProblem(f'is not a claim; write it like "{EXAMPLE}", or mark words as "prose: ..."')
    if len(_BREAKS.split(found[1])) > 1:
        raise ClaimProblem(f'"{found[1]}" is not one side; a setting of one side goes with "&": baseline & subset=500')
    return found[1], found[2], found[3]


def parse_side(text: str) -> Side:
    """Return the cell that `text` names, such as "ada & subset=500". Raises ClaimProblem."""
    return _side(text, {})


def _side(words: str, conditions: dict[str, str]) -> Side:
    name: str | None = None
    settings = dict(conditions)
    for word in (part.strip() for part in words.split("&")):
        setting = _SETTING.match(word)
        if setting:
            settings[setting[1]] = setting[2]
        elif name is None and word and not set(word) & set("<>"):
            name = word
        else:
            raise ClaimProblem(
                f'"{words.strip()}" is not one side; write a name, then "& axis=value"; parts go after a comma'
            )
    return Side(name, settings)


def out_of_reach(claim: Claim, horizon_kimg: float) -> str:
    """Return why runs to this horizon have no value that a claim compares, "" if they have."""
    if claim.kimg is None or is_within(claim.kimg, horizon_kimg):
        return ""
    return f"{claim.kimg:g} kimg is beyond the horizon of {horizon_kimg:g} kimg"


def is_measured(metric: str, measured: Iterable[str]) -> bool:
    """Return whether `metric` (kid2k, pr2k_recall, fid2k-lite0) is a number of the `measured` metrics."""
    return any(_number_of(name).fullmatch(metric) for name in measured)


def _number_of(name: str) -> re.Pattern[str]:
    """Return the pattern of the recorded names of a metric: optionally with a value's name and with a network's."""
    family = family_of(name)
    values = [*filter(None, family.values), *([r"\d+"] if family.acronym == "SWD" else [])]
    value = rf"(_({'|'.join(values)}))?" if values else ""
    return re.compile(rf"{re.escape(name)}{value}(-\w+)?")


class _Parts:
    """The parts after the two sides, each allowed once."""

    def __init__(self) -> None:
        self.conditions: dict[str, str] = {}
        self.alpha, self.seeds = DEFAULT_ALPHA, DEFAULT_SEEDS
        self.metric: str | None = None
        self.reading = Reading.BEST
        self.kimg: float | None = None
        self._seen: set[str] = set()

    def take(self, part: str) -> None:
        if part.startswith("p<") or part.startswith("p <"):
            self._once("p", part)
            self.alpha = _alpha(part)
        elif re.match(r"^n\s*>=", part):
            self._once("n", part)
            self.seeds = _seeds(part)
        elif _MOMENT.match(part):
            self._moment(part)
        elif part.startswith("by "):
            self._by(part.removeprefix("by ").split())
        else:
            self._condition(part)

    def _once(self, what: str, part: str) -> None:
        if what in self._seen:
            raise ClaimProblem(f'"{part}" gives {what} a second time')
        self._seen.add(what)

    def _moment(self, part: str) -> None:
        self._once("what is compared", part)
        self.reading, self.kimg = Reading.AT_KIMG, _positive(part.removesuffix("kimg").strip(), part)

    def _by(self, words: list[str]) -> None:
        for word in words:
            if word in (Reading.BEST, Reading.LAST, Reading.RISE, Reading.BEST_KIMG):
                self._once("what is compared", word)
                self.reading = Reading(word)
            elif _is_metric(word):
                self._once("the metric", word)
                self.metric = word
            else:
                readings = ", ".join(reading for reading in Reading if reading is not Reading.AT_KIMG)
                raise ClaimProblem(f'"{word}" is neither a metric, such as kid2k, nor one of {readings}')

    def _condition(self, part: str) -> None:
        setting = _SETTING.match(part)
        if setting is None:
            raise ClaimProblem(f'"{part}" is neither axis=value, nor 200 kimg, nor by METRIC, nor p<0.01, nor n>=5')
        self._once(setting[1], part)
        self.conditions[setting[1]] = setting[2]


def _is_metric(word: str) -> bool:
    family = re.match(r"^([a-z]+)\d+k?\w*(-\w+)?$", word)
    return family is not None and family[1] in FAMILIES


def _alpha(part: str) -> float:
    value = _positive(part.partition("<")[2], part)
    if value >= 1:
        raise ClaimProblem(f'"{part}": p is a number between 0 and 1')
    return value


def _seeds(part: str) -> int:
    digits = part.partition(">=")[2].strip()
    if not digits.isdigit() or int(digits) < 1:
        raise ClaimProblem(f'"{part}": n is a number of seeds, 1 at least')
    return int(digits)


def _positive(text: str, part: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ClaimProblem(f'"{part}": "{text.strip()}" is not a number above 0')
    return value
