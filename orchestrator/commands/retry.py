"""adasweep retry: let failed and cancelled trials be taken up again."""

from orchestrator.commands.output import print_json, results
from orchestrator.commands.targets import seen_of, trials_of
from orchestrator.errors import PlanError
from orchestrator.marks import forgive
from orchestrator.store import Store
from trainer.record import State

ENDED_BADLY = frozenset({State.FAILED, State.CANCELLED, State.LOST, State.PREEMPTED})


def execute(store: Store, target: str, *, as_json: bool) -> int:
    """Forgive the target's trials that ended badly; the next run takes them up."""
    seen = seen_of(store, trials_of(store, target))
    trials = [trial for trial, observed in seen.items() if observed.attempts and observed.state in ENDED_BADLY]
    if not trials:
        raise PlanError(target, "nothing has failed or was cancelled")
    for trial in trials:
        forgive(store.run(trial))
    if as_json:
        print_json({"retried": trials})
    else:
        results().print(f"{len(trials)} trials will be taken up again by the next run of their sweep.", markup=False)
    return 0
