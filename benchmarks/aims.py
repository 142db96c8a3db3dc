"""The aims of speed, met or missed, from benchmarks/latest.json, for each set of instructions."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

AVX2, AVX512 = "AVX2", "AVX-512"
INSTRUCTIONS = {"DEFAULT": AVX2, "AVX2": AVX2, "AVX512": AVX512}
"""Names of torch's CPU capabilities."""
BEGIN_AIMS, END_AIMS = "<!-- aims: begin -->", "<!-- aims: end -->"

TINY, MIDDLE, LARGE, SIDE_256 = "tiny32", "32², channel base 2048", "32², channel base 8192", "256²"

WITHOUT_CALLS = "the same without its calls"
ALLOWED_SECONDS = {
    "plan of the demo": 0.5,
    "status of the demo": 0.5,
    "record of nothing new": 1.0,
    "first iteration of a worker": 4.0,
}
"""How long a person may wait, in seconds of CPU."""


class Aim(NamedTuple):
    """A bound for the ratio of the row of `part` whose name contains `row` and whose faster side is `side`."""

    text: str
    part: str
    row: str
    side: str
    bound: float
    instructions: tuple[str, ...] = (AVX2, AVX512)
    at_most: bool = False


def _all_aims() -> Iterator[Aim]:
    for row in (MIDDLE, LARGE):
        yield Aim("float32 against the official formulation", "iteration", row, "official>native", 2.0, (AVX2,))
        yield Aim("float32 against the official formulation", "iteration", row, "official>native", 2.5, (AVX512,))
        yield Aim("bf16 against the official formulation", "iteration", row, "official>native bf16", 5.0, (AVX512,))
    yield Aim("laptop preset against the official formulation", "iteration", TINY, "official>native", 3.0)
    for row in (TINY, MIDDLE, SIDE_256):
        yield Aim("augmentation at p = 0.5", "augmentation", row, "bgc, p 0.5", 1.1, at_most=True)
        yield Aim("augmentation at p = 0", "augmentation", row, f"bgc, p 0>{WITHOUT_CALLS}", 1.005, at_most=True)
    yield Aim("two threads against one", "threads", MIDDLE, "native, 1 thread>native, 2 threads", 1.7)
    yield Aim("two trials at once against one", "pair", TINY, "two at once", 1.1, at_most=True)
    for row, seconds in ALLOWED_SECONDS.items():
        yield Aim(f"{seconds:g} s of CPU", "commands", row, "", 1.0, at_most=True)
    yield Aim("2,000 images evaluated in 10 s", "evaluation", "both", "", 1.0)


AIMS = tuple(_all_aims())


def named(part: str, instructions: str) -> str:
    """Return the name of a part in latest.json."""
    return part if instructions == AVX512 else f"{part}, {instructions}"


def aims_table(found: Mapping[str, Any]) -> str:
    """Return a Markdown table with one row per aim and set of instructions."""
    lines = ["| aim | at | instructions | bound | measured | result |", "|---|---|---|---|---|---|"]
    for aim in AIMS:
        for instructions in aim.instructions:
            ratio = _ratio(aim, found.get(named(aim.part, instructions), {"rows": []})["rows"])
            value, result = ("–", "not measured") if ratio is None else (f"{ratio:.2f}", _result(aim, ratio))
            bound = f"{'≤' if aim.at_most else '≥'} {aim.bound:g}"
            lines.append(f"| {aim.text} | {aim.row} | {instructions} | {bound} | {value} | {result} |")
    return "\n".join(lines)


def _result(aim: Aim, ratio: float) -> str:
    return "met" if (ratio <= aim.bound if aim.at_most else ratio >= aim.bound) else "missed"


def _ratio(aim: Aim, rows: list[dict[str, Any]]) -> float | None:
    return next((float(row["ratio"]) for row in rows if aim.row in row["name"] and _is_side(aim, row)), None)


def _is_side(aim: Aim, row: Mapping[str, Any]) -> bool:
    slow, fast = row.get("slow_name", ""), row.get("fast_name", "")
    against, _, side = aim.side.rpartition(">")
    return slow.startswith(against) and fast == side if against else aim.side in ("", slow)
