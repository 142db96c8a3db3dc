"""Moving the world to a plan: look, decide, submit what is missing, and look again until nothing is left to do."""

from dataclasses import dataclass, field

from orchestrator.backends.base import Backend, Handle
from orchestrator.decide import SUBMITTED, Action, Decision, Rules, decide
from orchestrator.observe import Observed, observe
from orchestrator.plan import RULES, Plan
from orchestrator.reported import open_handles, reported
from orchestrator.store import Store
from orchestrator.submit import submit


@dataclass
class Dispatcher:
    """Carries out a plan on a backend. Every turn decides afresh from what is on disk, so any process may take over."""

    store: Store
    plan: Plan
    backend: Backend
    rules: Rules = RULES
    observed: dict[str, Observed] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    handles: dict[str, Handle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.observed, self.decisions = dict(self.plan.observed), dict(self.plan.decisions)
        self.handles = {handle.trial: handle for handle in open_handles(self.store, self.active)}

    @property
    def active(self) -> list[str]:
        """Return the trials that are not settled: to be submitted, queued or running."""
        return [trial for trial, decision in self.decisions.items() if not is_settled(decision)]

    @property
    def under_way(self) -> list[str]:
        """Return the trials that are queued or running."""
        return [trial for trial, decision in self.decisions.items() if decision.action is Action.LEAVE]

    @property
    def failed(self) -> list[str]:
        """Return the trials that were given up."""
        return [trial for trial, decision in self.decisions.items() if decision.action is Action.BLOCKED]

    def submit(self) -> list[str]:
        """Submit what needs a job, and return which trials those were."""
        todo = [(self.plan.unique[trial], self.decisions[trial]) for trial in self.active if self._needs_job(trial)]
        if todo:
            self.handles |= submit(self.store, self.backend, self.plan.sweep, todo)
            self.look()
        return [trial.id for trial, _ in todo]

    def look(self) -> None:
        """Observe the trials that are not settled, and decide about them."""
        self.backend.tend()
        active = self.active
        handles = [self.handles[trial] for trial in active if trial in self.handles]
        seen = observe(self.store, active, reported(self.store, handles, [self.backend]))
        self.observed |= seen
        self.decisions |= decide({trial: self.plan.wanted[trial] for trial in active}, seen, self.rules)

    def stop(self) -> None:
        """Ask everything of this plan that waits or runs to stop, saving what it has."""
        self.backend.cancel([self.handles[trial] for trial in self.active if trial in self.handles])

    def _needs_job(self, trial: str) -> bool:
        return self.decisions[trial].action in SUBMITTED


def is_settled(decision: Decision) -> bool:
    """Return whether nothing more happens to this trial by itself."""
    return decision.action in (Action.REUSE, Action.BLOCKED)
