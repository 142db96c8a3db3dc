"""Writes plan.json, the stored plan of a sweep, and the output of `adasweep plan --json`."""

from typing import Any

from orchestrator.errors import PlanError
from orchestrator.plan.plan import Plan
from orchestrator.plan.plan_file import file_from_store, stored_plan
from orchestrator.plan.right_size import DeviceChoice
from orchestrator.plan.sequential import range_to_store
from orchestrator.store.layout import Store, writing
from orchestrator.sweep.search_points import points_to_store
from trainer.config.plan_file import PlanFile
from trainer.files import replace_file


def plan_file_of(plan: Plan) -> PlanFile:
    """Return the content of plan.json: the cells and their trials, without actions and prices."""
    sweep, spec = plan.sweep, plan.sweep.spec
    return PlanFile(
        sweep=sweep.key,
        name=spec.sweep,
        tier=sweep.tier,
        file=str(sweep.source.file),
        file_digest=sweep.source.joint_digest,
        question=spec.question,
        horizon_kimg=spec.horizon_kimg,
        metrics=tuple(spec.metrics),
        detector=spec.detector,
        distance=spec.distance,
        evaluation_seeds=spec.evaluation_seeds,
        evaluate_every_kimg=spec.watch.evaluate_every_kimg,
        probes=tuple(spec.probes),
        score=spec.score_name,
        figures=tuple(spec.figures),
        claims=tuple(spec.claims),
        published=tuple(spec.published),
        parallel=plan.parallel or None,
        search=points_to_store(sweep),
        sequential=range_to_store(spec, decided=plan.decided),
        sources=plan.runs[: len(plan.sources)],
        cells=plan.cells,
    )


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return the output of `adasweep plan --json`: the stored plan with actions, reasons and prices."""
    document = plan_file_of(plan).model_dump(mode="json")
    for cell in (*document["sources"], *document["cells"]):
        decision, cost = plan.decisions[cell["trial"]], plan.costs.get(cell["trial"])
        cell |= {"action": decision.action.value, "reason": decision.reason, "from_kimg": decision.from_kimg}
        cell |= {"price": cost.price._asdict() if cost else None}
        cell |= {"power": cost.power._asdict() if cost and cost.power else None}
    document |= {"unsampled": len(plan.awaited)}
    document |= {"cautions": list(plan.cautions), "devices": _devices(plan.devices)}
    document |= {"claim_power": [one._asdict() for one in plan.claims]}
    if plan.sweep.spec.sequential:
        document |= {"totals_at_most": plan.most._asdict()}
    return document | {"actions": dict(plan.actions), "totals": plan.totals._asdict(), "parallel": plan.parallel}


def _devices(choice: DeviceChoice | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    curve = [point._asdict() for point in choice.curve]
    return {**choice._asdict(), "taken": choice.taken.devices, "curve": curve}


def write_plan(store: Store, plan: Plan) -> None:
    """Write sweeps/NAME/plan.json. Raises PlanError if another sweep has this name."""
    path, document, before = store.plan(plan.sweep.key), plan_file_of(plan), stored_plan(store, plan.sweep.key)
    if before and (before.name, before.tier) != (document.name, document.tier):
        raise PlanError(plan.sweep.source.file, f"another sweep is stored as {plan.sweep.key!r}")
    document = document.model_copy(update={"file_from_store": file_from_store(store, plan.sweep.source.file)})
    with writing(path):
        replace_file(path, document.model_dump_json(indent=1))
