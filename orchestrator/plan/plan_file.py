"""Writes and reads plan.json, the stored plan of a sweep."""

from collections.abc import Mapping
from typing import Any

from orchestrator.errors import PlanError, StoreError
from orchestrator.plan.desired import Desired
from orchestrator.plan.plan import Plan
from orchestrator.plan.right_size import DeviceChoice
from orchestrator.plan.sequential import range_to_store
from orchestrator.plan.sources import Dependent
from orchestrator.store.layout import Store, writing
from orchestrator.sweep.search_points import points_to_store
from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.plan_file import PlanFile, PlannedRun, read_plan_file
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
        sequential=range_to_store(spec),
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
    """Return what a stored plan wants of each trial: sources first, each to the furthest moment that is asked for."""
    found: dict[str, Desired] = {}
    moments: dict[str, float] = {}
    for start in (run.start for run in plan.runs if run.start):
        moments[start.trial] = max(start.kimg, moments.get(start.trial, 0.0))
    for source in plan.sources:
        asked = source.metrics, source.detector, plan.sweep, source.distance, source.evaluation_seeds, source.probes
        found[source.trial] = Desired(source.horizon_kimg, *asked)
    rest = plan.distance or DISTANCE, plan.evaluation_seeds, plan.probes
    for run in plan.cells:
        kimg = max(run.horizon_kimg, moments.get(run.trial, 0.0))
        found[run.trial] = Desired(kimg, plan.metrics, plan.detector or DETECTOR, plan.sweep, *rest)
    return found


def dependents_of_plan(plan: PlanFile) -> tuple[Dependent, ...]:
    """Return the trials of a stored plan that start from others, each after those that it starts from itself."""
    runs = {run.trial: run for run in reversed(plan.runs)}
    starting = {run.trial: run for run in runs.values() if run.start and run.start.trial in runs}
    depths: dict[str, int] = {}
    for trial in starting:
        _measure_depth(trial, starting, depths)
    ordered = sorted(starting.values(), key=lambda run: depths[run.trial])
    return tuple(Dependent(run.trial, run.start, runs[run.start.trial].cell) for run in ordered if run.start)


def _measure_depth(trial: str, starting: Mapping[str, PlannedRun], depths: dict[str, int]) -> None:
    """Put into `depths` how many trials have to be done before this one, and before those."""
    chain: list[str] = []
    while trial in starting and trial not in depths and trial not in chain:
        chain.append(trial)
        start = starting[trial].start
        trial = start.trial if start else ""
    for one in reversed(chain):
        depths[one] = depths.get(trial, 0) + 1
        trial = one
