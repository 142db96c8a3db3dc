"""adasweep cancel: stop queued and running trials for good."""

from orchestrator.backends.registry import BACKENDS, open_backend
from orchestrator.commands.options import TargetArgument
from orchestrator.commands.targets import target_of
from orchestrator.dispatch.poll import observe_now, open_handles
from orchestrator.display.output import print_json, result_console
from orchestrator.errors import PlanError
from orchestrator.plan.sweep_view import sweep_view
from orchestrator.store.layout import Store
from orchestrator.store.requests import cancel
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.errors import counted
from trainer.record import State

STOPPABLE = frozenset({State.PENDING, State.RUNNING, State.PREEMPTED, State.LOST})

EXAMPLES = """Examples:
  adasweep cancel demo
  adasweep cancel 12e1a645
"""

app = new_app()


@app.command(epilog=epilog(EXAMPLES), name="cancel")
def cancel_command(target: TargetArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Stop queued and running trials for good: `run` skips them until `adasweep retry`."""
    return execute(Store(store), target, as_json=as_json)


def execute(store: Store, target: str, *, as_json: bool) -> int:
    """Mark every unfinished trial of the target as cancelled, and stop queued and running ones.

    A sweep's trials are cancelled for that sweep only: attempts of other sweeps continue.
    """
    wanted, sweep = target_of(store, target)
    seen = observe_now(store, wanted)
    views = {trial: sweep_view(want, seen[trial]) for trial, want in wanted.items()}
    trials = [trial for trial, view in views.items() if view.attempts and view.state in STOPPABLE]
    if not trials:
        raise PlanError(target, "nothing is queued, running or could be resumed")
    ending = [trial for trial in trials if cancel(store.run(trial), sweep)]
    handles = open_handles(store, ending)
    for name in {handle.backend for handle in handles} & BACKENDS.keys():
        open_backend(name, store).cancel([handle for handle in handles if handle.backend == name])
    if as_json:
        print_json({"cancelled": trials})
    else:
        cancelled = counted(len(trials), "trial")
        result_console().print(f"{cancelled} cancelled; to resume, run: adasweep retry {target}", markup=False)
    return 0
