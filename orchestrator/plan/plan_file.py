"""The plan of a sweep as the store keeps it."""

import json

from orchestrator.errors import PlanError
from orchestrator.plan.plan import Plan, stored
from orchestrator.plan.status import stored_plan
from orchestrator.store.layout import Store, writing
from trainer.record import replace_file


def keep_plan(store: Store, plan: Plan) -> None:
    """Write sweeps/NAME/plan.json, unless another sweep has the name."""
    path, document, before = store.plan(plan.sweep.key), stored(plan), stored_plan(store, plan.sweep.key)
    if before and (before.get("name", before["sweep"]), before["tier"]) != (document["name"], document["tier"]):
        raise PlanError(plan.sweep.source.file, f"{plan.sweep.key!r} is already the name of another sweep's place here")
    with writing(path):
        replace_file(path, json.dumps(document, indent=1))
