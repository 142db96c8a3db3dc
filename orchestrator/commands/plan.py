"""adasweep plan: what a sweep would run, why, and what it would cost. Changes nothing."""

from orchestrator.dispatch.planner import Request, plan_sweep
from orchestrator.display.output import print_json, results
from orchestrator.display.plan_table import diff_table, plan_table, show
from orchestrator.plan.diff import diff
from orchestrator.plan.plan_file import stored, stored_plan, told
from orchestrator.store.layout import Store


def execute(store: Store, request: Request, *, as_json: bool, against_last: bool) -> int:
    """Print the plan, or what it changes against the last one that was run."""
    plan = plan_sweep(store, request)
    changes = diff(stored_plan(store, plan.sweep.key), stored(plan))
    if as_json:
        print_json({"changes": [change._asdict() for change in changes]} if against_last else told(plan))
    else:
        show(results(), diff_table(changes) if against_last else plan_table(plan))
    return 0
