"""The energy of a whole store, by figure of a paper (Karras et al. 2020, Table 25)."""

import re
from dataclasses import dataclass

import pandas as pd

from analysis.figures.shapes.energy_table import COLUMNS, RESULT, WASTED, EnergyData, EnergyTable, energy_row
from analysis.results.energy_ledger import UNPLANNED, Factors, item_of, owner_of, weighed
from analysis.results.energy_table import trials_of
from analysis.results.load import Curves, Runs
from analysis.tables.attempts import AttemptRow
from analysis.tables.plan_file import readable_plans
from trainer.config.plan_file import PlanFile

PAPERS = {"ada": "ADA", "stylegan2": "StyleGAN2", "diffaugment": "DiffAugment", "progan": "ProGAN", "biggan": "BigGAN"}
OF_ENERGY = ("ada_fig25", "stylegan2_table5", "energy_by_figure")
NUMBERED = re.compile(r"(fig|table)(\d.*)")
BY_FIGURE = (
    "all attempts of the store, by the figures of the sweep that submitted them: the part that results are built on; "
    "wasted: work repeated by a later attempt, or done for failed trials; estimated: not read from a counter"
)


@dataclass(frozen=True)
class EnergyByFigure(EnergyTable):
    """The ledger of a store: a line for the figures that a sweep draws, whatever its tier; needs no sweep."""

    aggregation: str = BY_FIGURE

    def data(self, runs: Runs, curves: Curves) -> EnergyData:
        """Return the lines of the ledger; those of sweeps that draw the same figures are one."""
        plans = readable_plans(runs.store, [])
        planned = {sweep: trials_of(plan) for sweep, plan in plans.items()}
        rows = curves.source.rows("attempts", AttemptRow._fields, sorted(runs.store.trials())).to_pylist()
        attempts = [AttemptRow(**row) for row in rows]
        drawn = {sweep: figures_of(plan) for sweep, plan in plans.items()} | {UNPLANNED: UNPLANNED}
        figures = {attempt: drawn[owner_of(attempt, planned)] for attempt in attempts}
        groups = {name: [a for a in attempts if figures[a] == name] for name in dict.fromkeys(drawn.values())}
        lines = [
            *(("result", item_of(name, "", weighed(own, RESULT), Factors())) for name, own in groups.items() if own),
            *(("wasted", item_of(kind, "", weighed(attempts, kind), Factors())) for kind in WASTED),
            ("total", item_of("total", "", [(attempt, 1.0) for attempt in attempts], Factors())),
        ]
        return EnergyData(pd.DataFrame([energy_row(*line) for line in lines], columns=COLUMNS), runs.cells)


def figures_of(plan: PlanFile) -> str:
    """Return the figures of a paper that a sweep draws ("ADA Fig. 7ab, 7c"), or its name if it draws none."""
    found: dict[str, list[str]] = {}
    for figure in plan.figures:
        paper, _, number = figure.partition("_")
        if paper in PAPERS and figure not in OF_ENERGY:
            found.setdefault(PAPERS[paper], []).append(number)
    named = "; ".join(f"{paper} {', '.join(map(_numbered, numbers))}" for paper, numbers in found.items())
    return named or plan.name or plan.sweep


def _numbered(name: str) -> str:
    match, words = NUMBERED.fullmatch(name), name.replace("_", " ")
    return f"{'Fig.' if match[1] == 'fig' else 'Table'} {words.removeprefix(match[1])}" if match else words
