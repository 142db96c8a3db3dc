"""A search whose backend cannot be asked: what was submitted before counts as queued, and the search goes on."""

from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator.backends.fake import FakeBackend, FakeWorld
from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.errors import BackendError
from orchestrator.plan.decide import Action
from orchestrator.search.sampling import growth_of
from orchestrator.store.datasets import lookup
from orchestrator.store.handle import Handle, write_handle
from orchestrator.store.layout import Store
from orchestrator.sweep.search_points import typical_trials
from tests.orchestrator.attempts import new_attempt
from trainer.record import State

SEARCH = """\
sweep: found
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
horizon_kimg: 1
metrics: [fid2k]
search: {trials: 1, space: {augment: {choice: [ada]}}}
"""


class Unreachable(FakeBackend):
    """A backend whose poll fails."""

    def states(self, _handles: Sequence[Handle]) -> dict[Handle, State]:
        raise BackendError("squeue does not answer", retryable=True)


def test_a_search_goes_on_where_the_backend_of_a_submitted_trial_cannot_be_asked(
    store: Store, sweep_file: Callable[[str], Path]
) -> None:
    plan = plan_sweep(store, Request(sweep_file(SEARCH)))
    dispatcher = Dispatcher(store, plan, Unreachable(FakeWorld(lambda _: State.DONE)))
    (trial,) = typical_trials(plan.sweep, lookup(store))
    store.create_trial(trial)
    run = store.run(trial.id)
    task = new_attempt(run)
    write_handle(run.attempt(1), Handle(backend="fake", key="1", trial=trial.id, attempt=task.attempt))
    told: list[str] = []
    with growth_of(dispatcher, lookup(store), told.append) as growth:
        assert growth.advance()
    assert [line for line in told if "squeue does not answer" in line]
    assert dispatcher.decisions[trial.id].action is Action.LEAVE
