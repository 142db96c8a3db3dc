"""The demo's source is included as it was trained, and is what its sweep asks for."""

from orchestrator.commands.demo import SOURCE, SWEEP
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.evidence.archive import open_pack
from orchestrator.evidence.merge import merge
from orchestrator.plan.decide import Action
from orchestrator.store.layout import Store
from trainer.data.get import get


def test_the_included_source_is_the_one_that_the_demo_starts_from(store: Store) -> None:
    get("fashion-mnist-10k-16", store.data, print)
    planned = plan_sweep(store, Request(SWEEP, "", cpus=2))
    (source,) = planned.sources
    assert planned.decisions[source].action is Action.NEW
    with open_pack(SOURCE) as pack:
        merge(store, pack)
    planned = plan_sweep(store, Request(SWEEP, "", cpus=2))
    assert planned.decisions[source].action is Action.REUSE
    assert {planned.decisions[trial.id].action for trial in planned.trials} == {Action.NEW}
