"""adasweep retry: let failed and cancelled trials run again."""

from collections.abc import Mapping

from orchestrator.commands.options import TargetArgument
from orchestrator.commands.targets import target_of
from orchestrator.dispatch.poll import observe_now
from orchestrator.display.output import print_json, result_console
from orchestrator.errors import PlanError
from orchestrator.plan.decide import RULES, Action, decide_one
from orchestrator.plan.plan_file import readable_plans
from orchestrator.plan.sweep_view import sweep_view
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed
from orchestrator.store.requests import retry
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.errors import counted
from trainer.record import State
from trainer.recording.sweep_state import Desired, wanted_of_plan

GIVEN_UP = frozenset({Action.BLOCKED, Action.STOPPED})
ENDED_BADLY = frozenset({State.FAILED, State.CANCELLED, State.LOST, State.PREEMPTED})

EXAMPLES = """Examples:
  adasweep retry demo
  adasweep retry 12e1a645
"""

app = new_app()


@app.command("retry", epilog=epilog(EXAMPLES))
def retry_command(target: TargetArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Let the next run retry failed and cancelled trials."""
    return execute(Store(store), target, as_json=as_json)


def execute(store: Store, target: str, *, as_json: bool) -> int:
    """Let the failed and cancelled trials of the target run again: the next run resumes them.

    Trials of a sweep are retried for that sweep only.
    """
    wanted, sweep = target_of(store, target)
    seen = observe_now(store, wanted)
    blocked = _blocked(store, seen, wanted if sweep else None)
    views = {trial: sweep_view(want, seen[trial]) for trial, want in wanted.items()}
    trials = [trial for trial, one in views.items() if one.attempts and (one.state in ENDED_BADLY or trial in blocked)]
    if not trials:
        raise PlanError(target, "nothing has failed or was cancelled")
    for trial in trials:
        retry(store.run(trial), sweep)
    if as_json:
        print_json({"retried": trials})
    else:
        resumed = counted(len(trials), "trial")
        result_console().print(f"{resumed} will be resumed by the next run of their sweep.", markup=False)
    return 0


def _blocked(store: Store, seen: Mapping[str, Observed], own: Mapping[str, Desired] | None) -> set[str]:
    """Return the trials that are blocked or stopped, for the sweep that wants `own`, or else for any sweep."""
    plans = [own] if own is not None else [wanted_of_plan(plan) for plan in readable_plans(store)]
    wanted = [(trial, plan[trial]) for plan in plans for trial in seen if trial in plan]
    return {trial for trial, want in wanted if decide_one(want, seen[trial], RULES).action in GIVEN_UP}
