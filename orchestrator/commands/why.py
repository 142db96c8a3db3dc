"""adasweep why: the story of one trial."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from orchestrator.commands.options import TrialArgument
from orchestrator.dispatch.poll import seen_of
from orchestrator.display.output import print_json, results
from orchestrator.display.plan_table import ROWS, show
from orchestrator.plan.decide import decide_one
from orchestrator.plan.plan import RULES
from orchestrator.plan.plan_file import readable_plans, wanted_of_plan
from orchestrator.plan.status import attempts_of
from orchestrator.recorders.flat import flattened
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed
from orchestrator.store.spoilt import spoilt_of
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.config.plan_file import PlanFile
from trainer.record import RunRecord

COLUMNS = ("attempt", "state", "kimg", "from kimg", "hours", "host", "exit", "message")

EXAMPLES = """Example:
  adasweep why 12e1a645
"""

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def why(trial: TrialArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Explain a trial: its configuration, its attempts, its state, and what the next run would do."""
    return execute(Store(store), trial, as_json=as_json)


def execute(store: Store, trial: str, *, as_json: bool) -> int:
    """Print who a trial is, its attempts, where it stands, and what the next run of each of its sweeps would do."""
    story = tell(store, store.find(trial))
    if as_json:
        print_json(story)
    else:
        show(results(), _as_text(story))
    return 0


def tell(store: Store, trial: str) -> dict[str, Any]:
    """Return the story of a trial as plain values."""
    seen, unreadable = seen_of(store, [trial])[trial], list[str]()
    attempts = [(folder.name, record) for folder, record in attempts_of(store, trial)]
    return {
        "trial": trial,
        "directory": str(store.run(trial).path),
        "state": seen.state.value if seen.attempts else "new",
        "stops": dict(seen.stops),
        "kimg": seen.kimg,
        "metrics": dict(seen.measured.metrics),
        "attempts": [
            {"attempt": name} | (record.model_dump(mode="json", exclude={"attempt"}) if record else {})
            for name, record in attempts
        ],
        "sweeps": list(_places(readable_plans(store, unreadable), trial, seen)),
        "passed_over": [*map(str, spoilt_of(store, trial)), *unreadable],
        "config": config.model_dump(mode="json") if (config := store.config(trial)) else {},
    }


def _places(plans: Iterable[PlanFile], trial: str, seen: Observed) -> Iterator[dict[str, Any]]:
    """Yield where a trial stands in each plan, and what that sweep's next run would do."""
    for plan in plans:
        for run in plan.cells:
            if run.trial == trial:
                decision = decide_one(wanted_of_plan(plan)[trial], seen, RULES)
                place = {"sweep": plan.sweep, "cell": run.cell, "seed": run.seed, "horizon_kimg": run.horizon_kimg}
                yield place | {"action": decision.action.value, "reason": decision.reason}


def _as_text(story: dict[str, Any]) -> Group:
    table = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column)
    for attempt in story["attempts"]:
        table.add_row(*(Text(text) for text in _attempt_row(attempt)))
    lines = [f"trial {story['trial']}  {story['state']} at {story['kimg']:g} kimg", story["directory"], ""]
    for place in story["sweeps"]:
        told = f"{place['sweep']}: {place['cell']} #{place['seed']}, to {place['horizon_kimg']:g} kimg"
        lines.append(f"{told}: {place['action']}, because: {place['reason']}")
    passed_over = [f"passed over: {line}" for line in story["passed_over"][:ROWS]]
    config = [f"  {key} = {value}" for key, value in flattened(story["config"])]
    return Group(
        *map(Text, lines), Text(), table, Text(), *map(Text, passed_over), Text("configuration"), *map(Text, config)
    )


def _attempt_row(attempt: dict[str, Any]) -> tuple[str, ...]:
    if "state" not in attempt:
        return f"{attempt['attempt']:03d}", "no record", "", "", "", "", "", ""
    record = RunRecord.model_validate(attempt | {"attempt": int(attempt["attempt"])})
    hours, code = (record.updated - record.started) / 3600, record.exit_code
    exit_code = "" if code is None else str(code)
    span = (f"{record.kimg:g}", f"{record.resumed_from_kimg:g}", f"{hours:.2f}")
    return f"{record.attempt:03d}", record.state.value, *span, record.host, exit_code, record.message
