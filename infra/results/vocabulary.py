"""The functions and filters available to page templates, through which alone a page reports on its runs."""

from functools import partial
from typing import Any

from infra.results import numbers, repetitions, sentences, tables
from infra.results.evidence import PackedResults
from infra.results.source import PageHeader

FUNCTIONS = (
    *(numbers.values, numbers.median, numbers.has, numbers.in_summary, numbers.seeds_lower, numbers.seeds_of),
    *(numbers.axis, numbers.largest_spread, numbers.lead, numbers.has_verdicts, numbers.judged),
    *(tables.cell_table, tables.curve_table, tables.ranking_table, tables.verdict_table),
    *(repetitions.repetition_table, repetitions.seeds_that_turn),
    *(sentences.runs, sentences.missing, sentences.energy, sentences.machine, sentences.metric),
)


def vocabulary(results: PackedResults, header: PageHeader, figures: tuple[str, ...]) -> dict[str, Any]:
    """Return the names that the template of a page may use."""
    plan = results.runs.plan
    return {
        **{function.__name__: partial(function, results) for function in FUNCTIONS},
        "title": header.title,
        "question": plan.question,
        "command": header.command,
        "packs": header.packs,
        "figures": figures,
        "constants": header.constants,
        "is_search": plan.search is not None,
        "over_seeds": plan.search and results.over_seeds,
    }


def fixed(value: float, digits: int = 0) -> str:
    """Return a number with `digits` digits after the decimal point."""
    return f"{value:.{digits}f}"


def percent(value: float) -> str:
    """Return a share (0 to 1) in percent."""
    return f"{value:.0%}"


FILTERS = {"fixed": fixed, "percent": percent, "number": tables.number}
