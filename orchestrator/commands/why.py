"""adasweep why: explain the state of one trial."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.text import Text

from orchestrator.commands.options import TrialArgument
from orchestrator.dispatch.poll import observe_now
from orchestrator.display.output import ROWS, print_json, result_console
from orchestrator.plan.decide import RULES
from orchestrator.plan.plan_file import readable_plans
from orchestrator.plan.status import attempts_of, decisions_of_plan
from orchestrator.recorders.flat import flattened
from orchestrator.store.invalid_files import invalid_files, misplaced
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed
from trainer.command_line.fitting import Column
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.command_line.printable import one_line
from trainer.command_line.table import FittedTable, show
from trainer.config.plan_file import PlanFile
from trainer.errors import printable
from trainer.record import RunRecord

COLUMNS = (
    Column("attempt"),
    Column("state"),
    Column("kimg", right=True),
    Column("from kimg", right=True),
    Column("hours", right=True),
    Column("exit", right=True),
    Column("host", least=12),
)

EXAMPLES = """Example:
  adasweep why 12e1a645
"""

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def why(trial: TrialArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Explain a trial: its configuration, its attempts, its state, and what the next run would do."""
    return execute(Store(store), trial, as_json=as_json)


def execute(store: Store, trial: str, *, as_json: bool) -> int:
    """Print a trial's configuration, attempts and state, and what the next run of each of its sweeps would do."""
    planned = (run.trial for plan in readable_plans(store, []) for run in plan.runs)
    document = explanation(store, store.find(trial, planned))
    if as_json:
        print_json(document)
    else:
        show(result_console(), _as_text(document))
    return 0


def explanation(store: Store, trial: str) -> dict[str, Any]:
    """Return the explanation of a trial as plain values."""
    outages, unreadable = list[str](), list[str]()
    plans = [plan for plan in readable_plans(store, unreadable) if trial in plan.with_sources]
    kin = (one for plan in plans for one in plan.kin_of(trial))
    observed = observe_now(store, {trial, *kin}, outages)
    seen, elsewhere = observed[trial], misplaced(store, {trial})
    attempts = [(folder.name, record) for folder, record in attempts_of(store, trial)]
    return {
        "trial": trial,
        "directory": str(store.run(trial).path),
        "state": seen.state.value if seen.attempts else "new",
        "stops": dict(seen.stops),
        "kimg": seen.kimg,
        "metrics": dict(seen.measured.metrics),
        "attempts": [
            {"attempt": int(name)} | (record.model_dump(mode="json") if record else {}) for name, record in attempts
        ],
        "sweeps": list(_places(store, plans, trial, observed)),
        "set_aside": [str(training.path) for training in store.run(trial).abandoned()],
        "passed_over": [*map(str, (*elsewhere, *invalid_files(store, trial))), *unreadable],
        "outages": outages,
        "config": config.model_dump(mode="json") if (config := store.config(trial)) else {},
    }


def _places(
    store: Store, plans: Iterable[PlanFile], trial: str, observed: Mapping[str, Observed]
) -> Iterator[dict[str, Any]]:
    """Yield the position of a trial in each plan, and what that sweep's next run would do."""
    for plan in plans:
        for run in plan.runs:
            if run.trial == trial:
                seen = {one: observed[one] for one in plan.kin_of(trial)}
                decision = decisions_of_plan(store, plan, seen, RULES)[trial]
                place = {"sweep": plan.sweep, "cell": run.cell, "seed": run.seed, "horizon_kimg": run.horizon_kimg}
                yield place | {"action": decision.action.value, "reason": decision.reason}


def _as_text(document: dict[str, Any]) -> Group:
    attempts = document["attempts"]
    lines = [f"trial {document['trial']}  {document['state']} at {document['kimg']:g} kimg", document["directory"]]
    lines += [*(f"set aside, no longer counts: {path}" for path in document["set_aside"]), ""]
    for place in document["sweeps"]:
        run = f"{place['sweep']}: {place['cell']} #{place['seed']}, to {place['horizon_kimg']:g} kimg"
        lines.append(f"{run}: {place['action']}, because: {place['reason']}")
    messages = [
        f"{attempt['attempt']:03d}: {one_line(attempt['message'])}" for attempt in attempts if attempt.get("message")
    ]
    skipped = [f"skipped: {line}" for line in document["passed_over"][:ROWS]]
    config = [f"  {key} = {value}" for key, value in flattened(document["config"])]
    table = FittedTable(COLUMNS, [_attempt_row(attempt) for attempt in attempts])
    below = [*messages, "", *document["outages"], *skipped, "configuration", *config]
    return Group(*map(_line, lines), Text(), table, *map(_line, below))


def _line(text: str) -> Text:
    return Text(printable(text))


def _attempt_row(attempt: dict[str, Any]) -> tuple[str, ...]:
    if "state" not in attempt:
        return f"{attempt['attempt']:03d}", "no record", "", "", "", "", ""
    record = RunRecord.model_validate(attempt)
    hours, code = (record.updated - record.started) / 3600, record.exit_code
    exit_code = "" if code is None else str(code)
    span = (f"{record.kimg:g}", f"{record.resumed_from_kimg:g}", f"{hours:.2f}")
    return f"{record.attempt:03d}", record.state.value, *span, exit_code, record.host
