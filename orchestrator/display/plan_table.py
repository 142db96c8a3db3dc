"""Plans as tables and summaries."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.plan.decide import Action, Decision
from orchestrator.plan.diff import PlanChange
from orchestrator.plan.plan import Plan
from orchestrator.plan.price import Price
from trainer.config.sweep_run import SweepRun

ROWS = 60
"""Rows shown at most; `--json` has them all."""

STYLES = {
    Action.NEW: "green",
    Action.EXTEND: "green",
    Action.RESUME: "yellow",
    Action.EVALUATE: "cyan",
    Action.REUSE: "dim",
    Action.LEAVE: "blue",
    Action.BLOCKED: "red",
    Action.STOPPED: "magenta",
}


def plan_table(plan: Plan) -> RenderableType:
    """Return the cells of a plan with what happens to each and why, and the sum below."""
    table = Table(title=plan.sweep.spec.question or None, title_justify="left", box=None, pad_edge=False)
    for column in ("action", "trial", "cell", "seed", "kimg", "time", "why"):
        table.add_column(column, overflow="fold", justify="right" if column in ("seed", "kimg", "time") else "left")
    for trial in plan.trials[:ROWS]:
        decision, cost = plan.decisions[trial.id], plan.prices.get(trial.id)
        texts = (decision.action.value, trial.id, trial.cell, str(trial.seed), _way(decision), _cost(cost))
        table.add_row(*(Text(text) for text in (*texts, decision.reason)), style=STYLES[decision.action])
    more = [Text(f"... and {len(plan.trials) - ROWS:,} more (all of them: --json)")] if len(plan.trials) > ROWS else []
    return Group(table, *more, Text(), *(Text(line) for line in summary(plan)))


def summary(plan: Plan) -> list[str]:
    """Return what a plan comes to, in a few lines."""
    totals = plan.totals
    counted = ", ".join(f"{count:,} {action}" for action, count in plan.actions.items())
    cells, seeds = len({trial.cell for trial in plan.trials}), len(plan.sweep.spec.seed_values)
    size = f"{many(len(plan.unique), 'trial')} ({many(cells, 'cell')} × {many(seeds, 'seed')})"
    lines = [f"{size}: {counted or 'none yet'}", *(f"warning: {caution}" for caution in plan.cautions)]
    if plan.awaited:
        lines.append(f"{many(len(plan.awaited), 'more run')} yet to be sampled")
    if not totals.runs:
        under_way = plan.actions.get(Action.LEAVE.value, 0)
        return [*lines, f"Nothing to start: {under_way:,} queued or running." if under_way else "Nothing to run."]
    sources = sorted({cost.price.source for cost in plan.to_pay})
    devices = f"{totals.gpu_hours:.3g} GPU-hours" if totals.gpu_hours else f"{totals.cpu_hours:.3g} CPU-hours"
    span = f"{duration(totals.wall_hours_low * 3600)} to {duration(totals.wall_hours_high * 3600)}"
    lines.append(
        f"{many(totals.runs, 'run')}, {totals.kimg:,.4g} kimg, {devices}; about {duration(totals.wall_hours * 3600)} "
        f"with {plan.parallel} at a time ({span})"
    )
    extra = [_energy(plan)] if totals.kwh is not None else []
    extra += [f"cost {totals.money:,.2f}"] if totals.money is not None else []
    return [*lines, *([", ".join(extra)] if extra else []), f"Estimated from: {'; '.join(sources)}"]


def _energy(plan: Plan) -> str:
    totals, sources = plan.totals, sorted({cost.power.source for cost in plan.to_pay if cost.power})
    return f"{totals.kwh:.3g} kWh ({totals.kwh_low:.3g} to {totals.kwh_high:.3g}, from {'; '.join(sources)})"


def diff_table(changes: Sequence[PlanChange]) -> RenderableType:
    """Return what a plan changes against the last one."""
    if not changes:
        return Text("No difference from the last plan.")
    table = Table(box=None, pad_edge=False)
    for column in ("change", "cell", "seed", "detail"):
        table.add_column(column)
    for change in changes[:ROWS]:
        table.add_row(*(Text(str(part)) for part in change))
    return Group(table, *([Text(f"... and {len(changes) - ROWS:,} more")] if len(changes) > ROWS else []))


def show(console: Console, renderable: RenderableType) -> None:
    """Print; in a pipe as wide as it needs to be."""
    if not console.is_terminal:
        console.width = 240
    console.print(renderable)


def took(run: SweepRun) -> str:
    """Return what running a sweep took, and what it was expected to take."""
    expected = run.estimate
    told = f"{duration(expected.seconds)} ({duration(expected.low)} to {duration(expected.high)})"
    return f"Took {duration(run.seconds)}; expected: {told}"


def many(count: int, word: str) -> str:
    """Return how many there are of something: 1 trial, 2 trials."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def duration(seconds: float) -> str:
    """Return a length of time in the unit that suits it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 72 * 3600 else f"{seconds / 86400:.1f} days"


def _way(decision: Decision) -> str:
    return f"{decision.from_kimg:g} -> {decision.to_kimg:g}" if decision.kimg else ""


def _cost(cost: Price | None) -> str:
    return f"{duration(cost.low)} - {duration(cost.high)}" if cost else ""
