"""Single numbers of a sweep's results, for the prose of a page. A cell is named as in claims: "ada & subset=100".

A cell that does not exist or has no finished run is an error: check with `has` first.
"""

from statistics import median as median_of
from typing import Any

from analysis.claims.evidence import cells_of
from analysis.claims.readings import values_of
from analysis.claims.verdicts import Judged
from analysis.results.ranking import ranking
from infra.results.evidence import PackedResults
from trainer.config.claims.cells import cell_of
from trainer.config.claims.grammar import Claim, ClaimProblem, parse_claim
from trainer.errors import UserError

ANOTHER = "another"


def values(results: PackedResults, cell: str, reading: str = "last") -> list[float]:
    """Return the numbers of a cell's finished runs, one per seed: their `best`, `last`, `rise` or `best_kimg`."""
    return list(by_seed(results, cell, reading).values())


def median(results: PackedResults, cell: str, reading: str = "last") -> float:
    """Return the median over the seeds of `values`."""
    found = values(results, cell, reading)
    if not found:
        raise UserError(f'cell "{cell}"', f"has no finished run in {results.runs.plan.sweep}", "check has(cell) first")
    return median_of(found)


def has(results: PackedResults, *cells: str) -> bool:
    """Return whether all the cells have finished runs."""
    return all(values(results, cell) for cell in cells)


def in_summary(results: PackedResults, cell: str, name: str) -> float:
    """Return the median over seeds of a cell's `p` or `r_t` in the last tick, or of its speed, `images_per_second`."""
    table = results.summary.table
    found = float(table[table["cell"] == label_of(results, cell)][name].iloc[0])
    if found != found:
        raise UserError(f'cell "{cell}"', f"has no {name} in {results.runs.plan.sweep}", "check has(cell) first")
    return found


def seeds_lower(results: PackedResults, less: str, more: str, reading: str = "last") -> int:
    """Return for how many seeds that both cells have the value is lower in the cell `less`."""
    here, there = (by_seed(results, cell, reading) for cell in (less, more))
    return sum(here[seed] < there[seed] for seed in here.keys() & there.keys())


def seeds_of(results: PackedResults, *cells: str) -> int:
    """Return how many seeds have finished in all the cells."""
    return len(set.intersection(*(set(by_seed(results, cell, "last")) for cell in cells)))


def axis(results: PackedResults, key: str) -> list[Any]:
    """Return the values of an axis of the sweep, in order."""
    found = [run.settings[key] for run in results.runs.plan.cells if key in run.settings]
    if not found:
        raise UserError(key, f"not an axis of {results.runs.plan.sweep}", "give the full key, such as data.subset")
    return list(dict.fromkeys(found))


def largest_spread(results: PackedResults) -> float:
    """Return the largest difference between the best scores of two seeds of one cell."""
    table = results.summary.table
    return float((table["best_max"] - table["best_min"]).max())


def lead(results: PackedResults) -> float:
    """Return by how much the first-ranked configuration of a search is ahead of the second-ranked one."""
    first, second = ranking(results.runs.frame, results.curves.score, results.over_seeds)[:2]
    return float(abs(first - second))


def has_verdicts(results: PackedResults) -> bool:
    """Return whether any claim was tested."""
    return bool(results.verdicts.judged)


def judged(results: PackedResults, claim: str) -> Judged:
    """Return the verdict on a claim of the sweep, with its evidence."""
    for one in results.verdicts.judged:
        if one.claim.text == claim:
            return one
    raise UserError(f'claim "{claim}"', f"not tested by {results.runs.plan.sweep}", "copy it from the sweep")


def label_of(results: PackedResults, cell: str) -> str:
    """Return the label of a cell in the plan. Raises UserError if `cell` matches none, or several."""
    return _side_of(results, cell, "last")[1]


def by_seed(results: PackedResults, cell: str, reading: str) -> dict[int, float]:
    """Return one number of each finished run of a cell by its seed, as `values`."""
    claim, label = _side_of(results, cell, reading)
    runs = results.runs.frame[results.runs.frame["cell"] == label]
    found = {seed: values_of(claim, rows, results.curves) for seed, rows in runs.groupby("seed", sort=True)}
    return {int(str(seed)): values[0] for seed, values in found.items() if values}


def _side_of(results: PackedResults, cell: str, reading: str) -> tuple[Claim, str]:
    """Return a claim with the cell as its lesser side, and the label of the cell."""
    try:
        claim = parse_claim(f"{cell} < {ANOTHER}, by {reading}")
        return claim, cell_of(claim.less, cells_of(results.runs))
    except ClaimProblem as problem:
        raise UserError(f'cell "{cell}"', str(problem)) from None
