"""Formats plans as tables and summaries."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.display.duration import duration, span
from orchestrator.display.output import ROWS
from orchestrator.plan.decide import Action, Decision
from orchestrator.plan.diff import PlanChange
from orchestrator.plan.plan import Plan
from orchestrator.plan.price import Price
from orchestrator.plan.right_size import DeviceChoice, relative_energy
from orchestrator.sweep.trial import Trial
from trainer.command_line.fitting import Column
from trainer.command_line.table import FittedTable
from trainer.errors import counted

PLAN_COLUMNS = (
    Column("action"),
    Column("trial"),
    Column("cell", least=24),
    Column("seed", right=True),
    Column("kimg", right=True),
    Column("time", 50, right=True),
    Column("why", 40, least=12),
)

DIFF_COLUMNS = (Column("change"), Column("cell", least=24), Column("seed", right=True), Column("detail", least=12))

STYLES = {
    Action.NEW: "green",
    Action.EXTEND: "green",
    Action.RESUME: "yellow",
    Action.EVALUATE: "cyan",
    Action.REUSE: "dim",
    Action.LEAVE: "blue",
    Action.WAIT: "blue",
    Action.BLOCKED: "red",
    Action.STOPPED: "magenta",
}


def plan_table(plan: Plan) -> RenderableType:
    """Return the cells of a plan with what happens to each and why, sources first, and the sum below."""
    rows, styles = [], []
    for trial, cell in _rows(plan):
        decision, cost = plan.decisions[trial.id], plan.prices.get(trial.id)
        texts = (decision.action.value, trial.id, cell, str(trial.seed), _range(decision), _cost(cost))
        rows.append((*texts, decision.reason))
        styles.append(STYLES[decision.action])
    reasons = Counter((decision.action.value, decision.reason) for decision in plan.decisions.values())
    why = [f"{action}: {reason} ({counted(count, 'trial')})" for (action, reason), count in reasons.most_common(ROWS)]
    table = FittedTable(PLAN_COLUMNS, rows, plan.sweep.spec.question or "", styles, most=ROWS, instead={"why": why})
    return Group(table, Text(), *(Text(line) for line in summary(plan)))


def _rows(plan: Plan) -> Iterator[tuple[Trial, str]]:
    """Yield trials and what they are called: what others start from, in the order of training, then the other cells."""
    for source in plan.sources.values():
        yield source.trial, f"{source.sweep.key}: {source.trial.cell}"
    places = {one.start.trial: -1 for one in plan.dependents}
    places |= {trial: place for place, trial in enumerate(plan.unique) if trial in places}
    for trial in sorted(plan.trials, key=lambda one: places.get(one.id, len(plan.unique))):
        yield trial, trial.cell


def warnings(cautions: Sequence[str]) -> RenderableType:
    """Return the warnings about a sweep that is refused, a line each."""
    return Group(*(Text(_warning(caution)) for caution in cautions))


def _warning(caution: str) -> str:
    return f"warning: {caution}"


def summary(plan: Plan) -> list[str]:
    """Return the summary of a plan, a few lines."""
    totals = plan.totals
    actions = ", ".join(f"{count:,} {action}" for action, count in plan.actions.items())
    cells, own = len({trial.cell for trial in plan.trials}), len(plan.unique) - len(plan.sources)
    size = f"{counted(own, 'trial')} ({counted(cells, 'cell')} × {_seeds(plan)})"
    lines = [f"{size}{_sources(plan)}: {actions or 'none yet'}", *map(_warning, plan.cautions), *map(str, plan.claims)]
    lines += devices_lines(plan.devices) if plan.devices else []
    if plan.awaited:
        lines.append(f"{counted(len(plan.awaited), 'more run')} yet to be sampled")
    lines += further_lines(plan) if plan.further else []
    if not totals.runs:
        active = plan.actions.get(Action.LEAVE.value, 0)
        return [*lines, f"Nothing to start: {active:,} queued or running." if active else "Nothing to run."]
    sources = sorted({cost.price.source for cost in plan.to_pay})
    devices = f"{totals.gpu_hours:.3g} GPU-hours" if totals.gpu_hours else f"{totals.cpu_hours:.3g} CPU-hours"
    within = span(totals.wall_hours_low * 3600, totals.wall_hours_high * 3600)
    runs, wall = counted(totals.runs, "run"), duration(totals.wall_hours * 3600)
    lines.append(f"{runs}, {totals.kimg:,.4g} kimg, {devices}; about {wall} with {plan.parallel} at a time ({within})")
    extra = [_energy(plan)] if totals.kwh is not None else []
    extra += [f"cost {totals.money:,.2f}"] if totals.money is not None else []
    return [*lines, *([", ".join(extra)] if extra else []), f"Estimated from: {'; '.join(sources)}"]


def _sources(plan: Plan) -> str:
    """Return how many trials the sweep's own start from that are none of these."""
    of_seeds = sum(source.sweep.key == plan.sweep.key for source in plan.sources.values())
    found = [(of_seeds, "of other seeds"), (len(plan.sources) - of_seeds, "from other sweeps")]
    return "".join(f", and {counted(count, 'source')} {whence}" for count, whence in found if count)


def _seeds(plan: Plan) -> str:
    """Return how many seeds a cell has: of sequential ones, the fewest and the most."""
    sequential = plan.sweep.spec.sequential
    if sequential:
        return f"{sequential.from_} to {sequential.to} seeds"
    return counted(len(plan.sweep.spec.seed_values), "seed")


def further_lines(plan: Plan) -> list[str]:
    """Return what the seeds that undecided claims may add cost at most, with everything that is to come."""
    most = plan.most
    devices = f"{most.gpu_hours:.3g} GPU-hours" if most.gpu_hours else f"{most.cpu_hours:.3g} CPU-hours"
    kwh = "" if most.kwh is None else f", {most.kwh:.3g} kWh"
    added = f"at most {counted(len(plan.further), 'more run')}, while claims are undecided"
    return [f"{added}: {counted(most.runs, 'run')} in all, {devices}{kwh}"]


def devices_lines(choice: DeviceChoice) -> list[str]:
    """Return the speed and relative energy on each number of devices, and the number that is taken and why."""
    word = {"gpus": "GPU", "cpus": "thread"}[choice.kind]
    points = zip(choice.curve, relative_energy(choice.curve), strict=True)
    curve = "; ".join(
        f"{counted(one.devices, word)}: {one.images_per_second:.3g} img/s, energy {cost:.2f}" for one, cost in points
    )
    why = "the least energy" if choice.within == 1 else f"the fastest within {choice.within:g} of the least energy"
    return [f"{curve} ({choice.source})", f"{counted(choice.taken.devices, word)} per run: {why}"]


def _energy(plan: Plan) -> str:
    totals, sources = plan.totals, sorted({cost.power.source for cost in plan.to_pay if cost.power})
    return f"{totals.kwh:.3g} kWh ({totals.kwh_low:.3g} to {totals.kwh_high:.3g}, from {'; '.join(sources)})"


def diff_table(changes: Sequence[PlanChange]) -> RenderableType:
    """Return a table of the differences from the last plan."""
    if not changes:
        return Text("No difference from the last plan.")
    return FittedTable(DIFF_COLUMNS, [[str(part) for part in change] for change in changes], most=ROWS)


def _range(decision: Decision) -> str:
    return f"{decision.from_kimg:g} -> {decision.to_kimg:g}" if decision.kimg else ""


def _cost(cost: Price | None) -> str:
    return span(cost.low, cost.high) if cost else ""
