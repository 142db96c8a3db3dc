"""Writes and reads plan.json, the stored plan of a sweep."""

from typing import Any

from orchestrator.errors import PlanError, StoreError
from orchestrator.plan.desired import Desired
from orchestrator.plan.plan import Plan
from orchestrator.store.layout import Store, writing
from orchestrator.sweep.search_points import points_to_store
from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.plan_file import PlanFile, read_plan_file
from trainer.errors import UserError
from trainer.files import replace_file


def plan_file_of(plan: Plan) -> PlanFile:
    """Return the content of plan.json: the cells and their trials, without actions and prices."""
    sweep, spec = plan.sweep, plan.sweep.spec
    return PlanFile(
        sweep=sweep.key,
        name=spec.sweep,
        tier=sweep.tier,
        file=str(sweep.source.file),
        question=spec.question,
        horizon_kimg=spec.horizon_kimg,
        metrics=tuple(spec.metrics),
        detector=spec.detector,
        distance=spec.distance,
        evaluation_seeds=spec.evaluation_seeds,
        probes=tuple(spec.probes),
        score=spec.score_name,
        figures=tuple(spec.figures),
        claims=tuple(spec.claims),
        published=tuple(spec.published),
        search=points_to_store(sweep),
        cells=plan.cells,
    )


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return the output of `adasweep plan --json`: the stored plan with actions, reasons and prices."""
    document = plan_file_of(plan).model_dump(mode="json")
    for cell in document["cells"]:
        decision, cost = plan.decisions[cell["trial"]], plan.costs.get(cell["trial"])
        cell |= {"action": decision.action.value, "reason": decision.reason, "from_kimg": decision.from_kimg}
        cell |= {"price": cost.price._asdict() if cost else None}
        cell |= {"power": cost.power._asdict() if cost and cost.power else None}
    document |= {"unsampled": len(plan.awaited)}
    document |= {"cautions": list(plan.cautions)}
    return document | {"actions": dict(plan.actions), "totals": plan.totals._asdict(), "parallel": plan.parallel}


def write_plan(store: Store, plan: Plan) -> None:
    """Write sweeps/NAME/plan.json. Raises PlanError if another sweep has this name."""
    path, document, before = store.plan(plan.sweep.key), plan_file_of(plan), stored_plan(store, plan.sweep.key)
    if before and (before.name, before.tier) != (document.name, document.tier):
        raise PlanError(plan.sweep.source.file, f"another sweep is stored as {plan.sweep.key!r}")
    with writing(path):
        replace_file(path, document.model_dump_json(indent=1))


def stored_plan(store: Store, sweep: str) -> PlanFile | None:
    """Return the last plan of a sweep, or None. Raises UserError if it cannot be read."""
    return read_plan_file(store.plan(sweep))


def read_plan(store: Store, sweep: str) -> PlanFile:
    """Return the last plan of a sweep. Raises StoreError, listing the existing sweeps, if there is none."""
    plan = stored_plan(store, sweep)
    if plan is None:
        known = ", ".join(sweeps(store)) or "none yet"
        raise StoreError(store.root, f"sweep {sweep!r} was not run here", f"sweeps: {known}")
    return plan


def sweeps(store: Store) -> list[str]:
    """Return the names of the sweeps in a store."""
    return sorted(path.parent.name for path in (store.root / "sweeps").glob("*/plan.json"))


def readable_plans(store: Store, unreadable: list[str] | None = None) -> list[PlanFile]:
    """Return all plans that can be read; add a line to `unreadable` for each of the others."""
    found: list[PlanFile] = []
    for name in sweeps(store):
        try:
            found.append(read_plan(store, name))
        except UserError as error:
            if unreadable is not None:
                unreadable.append(str(error))
    return found


def wanted_of_plan(plan: PlanFile) -> dict[str, Desired]:
    """Return the desired state of each trial of a stored plan."""
    networks = plan.detector or DETECTOR, plan.distance or DISTANCE
    return {
        run.trial: Desired(
            horizon_kimg=run.horizon_kimg,
            metrics=plan.metrics,
            detector=networks[0],
            sweep=plan.sweep,
            distance=networks[1],
            evaluation_seeds=plan.evaluation_seeds,
            probes=plan.probes,
        )
        for run in plan.cells
    }
