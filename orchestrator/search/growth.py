"""Plans that grow while they are being executed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.dispatch.poll import open_handles, reported_states
from orchestrator.plan.decide import decide
from orchestrator.plan.plan import Plan
from orchestrator.plan.plan_document import write_plan
from orchestrator.plan.sources import other_sources
from orchestrator.plan.wanted import wanted_of
from orchestrator.store.observe import observe
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.trial import Trial


class Growth(Protocol):
    """Adds trials to a plan while it is being executed."""

    def advance(self) -> bool:
        """Add the trials that may run now; return whether more may follow."""
        ...


class Complete:
    """The growth of a plan that has all its trials from the start: none."""

    def advance(self) -> bool:
        return False


def grow(dispatcher: Dispatcher, plan: Plan, sweep: Sweep, every: Sequence[Trial], log: Callable[[str], None]) -> None:
    """Continue with `plan` for `every` trial of `sweep`; new ones are stored before any of them is submitted.

    What is decided about sources is decided again: new trials may need them.
    """
    wanted, sources = wanted_of(sweep, every), other_sources(every)
    fresh = [trial for trial in wanted if trial not in dispatcher.observed or trial in sources]
    handles = open_handles(dispatcher.store, fresh)
    outages: list[str] = []
    states = reported_states(dispatcher.store, handles, [dispatcher.backend], outages)
    for outage in outages:
        log(outage)
    seen = observe(dispatcher.store, fresh, states)
    grown = replace(plan, sweep=sweep, trials=tuple(every), wanted=wanted)
    write_plan(dispatcher.store, grown)
    dispatcher.grow(grown, seen, decide({trial: wanted[trial] for trial in fresh}, seen, dispatcher.rules))
