"""What a person names on the command line: a sweep, or a trial by its first digits."""

from orchestrator.errors import PlanError
from orchestrator.plan.plan_file import read_plan, sweeps
from orchestrator.store.layout import Store


def trials_of(store: Store, target: str) -> list[str]:
    """Return the trials of a sweep, or the one trial whose id begins so. Raises PlanError."""
    if target in sweeps(store):
        return read_plan(store, target).trials
    try:
        return [store.find(target)]
    except PlanError as error:
        known = ", ".join(sweeps(store)) or "none"
        raise PlanError(
            target, f"is neither a sweep run here nor one trial ({error.problem})", f"sweeps: {known}"
        ) from None
