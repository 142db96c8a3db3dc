"""The plan of a sweep of transfers shows its sources first, and what the others wait for."""

import re

from rich.console import Console

from orchestrator.display.plan_table import plan_table
from orchestrator.plan.plan import make_plan
from orchestrator.plan.sources import unique_trials
from orchestrator.plan.speed import SpeedEvidence
from orchestrator.store.observe import NEVER
from tests.sweeps.planned import planned, read


def test_the_paper_tier_of_fig_11a_lists_its_sources_first() -> None:
    trials = tuple(planned("ada/fig11a_small_sets", "paper"))
    unseen = dict.fromkeys(unique_trials(trials), NEVER)
    plan = make_plan(read("ada/fig11a_small_sets", "paper"), trials, unseen, SpeedEvidence({}, {}), parallel=1)
    console = Console(width=200, record=True, force_terminal=False)
    console.print(plan_table(plan))
    lines = console.export_text(clear=False).splitlines()
    shown = [line.split() for line in lines if re.match(r"(new|wait)\s", line)]
    kinds = [(row[0], row[2], row[3]) for row in shown]
    assert kinds[:2] == [("new", "ada_sources-paper:", "ffhq-1024"), ("new", "ada_sources-paper:", "ffhq-512")]
    waiting = [cell for action, cell, _ in kinds if action == "wait"]
    assert waiting
    assert all(cell.startswith("transfer") for cell in waiting)
    assert "and 2 sources from other sweeps" in console.export_text()
