"""Executes a plan: observe, decide, submit, and repeat until nothing is left to do."""

import contextlib
import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.backends.base import Backend
from orchestrator.dispatch.early_stopping import Stopper
from orchestrator.dispatch.poll import open_handles, reported_states
from orchestrator.dispatch.submit import submit
from orchestrator.errors import BackendError
from orchestrator.plan.decide import RULES, SETTLED, SUBMITTED, Action, Decision, Rules, decide
from orchestrator.plan.plan import Plan
from orchestrator.plan.sources import held_back
from orchestrator.store.frozen_code import LIVE
from orchestrator.store.handle import Handle
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed, observe
from orchestrator.store.starting_point import kept_snapshots
from trainer.config.job import read_job
from trainer.errors import UserError
from trainer.record import State
from trainer.recording.sweep_state import Desired

RETRY_SECONDS = 15.0
MOST = 1_000_000
QUEUED = Decision(Action.LEAVE, "queued")


@dataclass
class Dispatcher:
    """Executes a plan on a backend. Every round decides anew from the files, so any process can take over.

    `trouble` is why the backend cannot be reached at present, `refusal` why it accepts no more attempts; both are
    retried until they pass or the user stops the command.
    """

    store: Store
    plan: Plan
    backend: Backend
    rules: Rules = RULES
    code: Path = LIVE
    observed: dict[str, Observed] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    handles: dict[str, Handle] = field(default_factory=dict)
    trouble: str = ""
    refusal: str = ""
    patience: float = RETRY_SECONDS
    stopper: Stopper = field(init=False)
    _not_before: float = 0.0
    _together: int = MOST
    _signalled: set[Handle] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.stopper = Stopper(self.store, self.plan.sweep)
        self.observed, self.decisions = dict(self.plan.observed), dict(self.plan.decisions)
        self.handles = {handle.trial: handle for handle in open_handles(self.store, self.active)}
        if self.handles:  # a job may have failed unseen: the backend records that
            self.refresh()

    @property
    def active(self) -> list[str]:
        """Return the trials that are not settled: to be submitted, queued or running."""
        return [trial for trial, decision in self.decisions.items() if not is_settled(decision)]

    @property
    def under_way(self) -> list[str]:
        """Return the trials that are queued or running."""
        return [trial for trial, decision in self.decisions.items() if decision.action is Action.LEAVE]

    @property
    def waiting(self) -> list[str]:
        """Return the trials that wait for the trial that they start from."""
        return [trial for trial, decision in self.decisions.items() if decision.action is Action.WAIT]

    @property
    def ours(self) -> list[str]:
        """Return the trials that are queued or running for this sweep, not for others."""
        return [trial for trial in self.under_way if self._is_ours(trial)]

    @property
    def failed(self) -> list[str]:
        """Return the trials that are blocked."""
        return [trial for trial, decision in self.decisions.items() if decision.action is Action.BLOCKED]

    def submit(self) -> list[str]:
        """Submit the trials that need a job; return those submitted, not necessarily all while there is a `refusal`."""
        pending = itertools.islice(filter(self._needs_job, self.active), self._together)
        todo = [(self.plan.unique[trial], self.decisions[trial]) for trial in pending]
        if not todo:
            self.refusal = ""
        if not todo or time.monotonic() < self._not_before:
            return []
        done = submit(self.store, self.backend, self.plan, todo, self.observed, self.code)
        submitted = [trial.id for trial, _ in todo if trial.id not in done.left]
        self.handles |= done.handles
        self.decisions |= dict.fromkeys(submitted, QUEUED)
        for trial in set(submitted) - done.handles.keys():  # another process has added the next attempt
            self.observed[trial] = replace(self.observed[trial], newest=self.observed[trial].newest + 1)
        self._back_off(done.cause, len(done.handles))
        self.refresh()
        return submitted

    def _back_off(self, cause: BackendError | UserError | None, taken: int) -> None:
        """Submit fewer trials, later, if not all were accepted. Raises `cause` if it is permanent."""
        if cause is None:
            self._together = min(MOST, 2 * self._together)
            return
        if not isinstance(cause, BackendError) or not cause.retryable:
            raise cause
        self.refusal, self._together = str(cause), max(1, taken)
        self._not_before = time.monotonic() + self.patience

    def refresh(self) -> None:
        """Observe the unsettled trials and decide about them."""
        active = self.active
        self._adopt(active)
        seen = observe(self.store, active, self._jobs(active))
        self.observed |= seen
        self._decide(decide(self._wanted(active), seen, self.rules, self.plan.decider))

    def _adopt(self, active: list[str]) -> None:
        """Watch the attempts that other processes have submitted, by their handles."""
        theirs = open_handles(self.store, [trial for trial in active if self._is_superseded(trial)])
        self.handles |= {handle.trial: handle for handle in theirs}

    def _is_superseded(self, trial: str) -> bool:
        """Return whether there is a newer attempt than the one whose handle is known."""
        return self.observed[trial].newest > (self.handles[trial].attempt if trial in self.handles else 0)

    def _jobs(self, active: list[str]) -> dict[str, State]:
        """Return the states reported by the backend; while it cannot be reached, submitted trials count as queued.

        That the job of a superseded attempt is lost says nothing about the newer one.
        """
        handles = [self.handles[trial] for trial in active if trial in self.handles]
        with self._tolerating_outages():
            self.backend.maintain()
            states = reported_states(self.store, handles, [self.backend])
            return {
                one: state for one, state in states.items() if state is not State.LOST or not self._is_superseded(one)
            }
        return dict.fromkeys(self.under_way, State.PENDING)

    def grow(self, plan: Plan, seen: Mapping[str, Observed], decisions: Mapping[str, Decision]) -> None:
        """Continue with `plan`: the current one with more trials, which have `seen` and `decisions`."""
        self.plan = plan
        self.observed |= seen
        self._decide(decisions)
        self.handles |= {handle.trial: handle for handle in open_handles(self.store, seen)}

    def _decide(self, decisions: Mapping[str, Decision]) -> None:
        """Take over decisions, holding back what starts from a snapshot that is not there yet."""
        every, dependents = {**self.decisions, **decisions}, self.plan.dependents
        starts = (one.start for one in dependents if one.trial in decisions)
        kept = kept_snapshots(self.store, (start for start in starts if self.observed[start.trial].attempts))
        self.decisions = held_back(every, self.plan.sources, dependents, self.observed, kept)

    def stop_early(self) -> None:
        """Stop the trials that a stop rule applies to: mark them in the store, and cancel those that run."""
        begun = [trial for trial in self.active if self.observed[trial].attempts]
        if self.stopper.stop(begun, {trial: self.plan.moments(trial) for trial in self.plan.wanted}):
            self.refresh()
        running = [self.handles[trial] for trial in self.under_way if self._must_be_stopped(trial)]
        if running:
            with self._tolerating_outages():
                self.backend.cancel(running)
                self._signalled |= set(running)

    def stop(self) -> None:
        """Stop everything that is queued or running for this sweep; running trials save first."""
        self.backend.cancel([self.handles[trial] for trial in self.ours])

    @contextlib.contextmanager
    def _tolerating_outages(self) -> Iterator[None]:
        """Record a retryable failure in `trouble`, and pause submissions."""
        try:
            yield
        except BackendError as error:
            if not error.retryable:
                raise
            self.trouble = str(error)
            self._not_before = time.monotonic() + self.patience
        else:
            self.trouble = "" if time.monotonic() >= self._not_before else self.trouble

    def _wanted(self, trials: list[str]) -> dict[str, Desired]:
        return {trial: self.plan.wanted[trial] for trial in trials}

    def _must_be_stopped(self, trial: str) -> bool:
        """Return whether a stopped trial still runs for this sweep and has not been signalled."""
        is_stopped = self.plan.sweep.key in self.observed[trial].stops
        return is_stopped and self._is_ours(trial) and self.handles[trial] not in self._signalled

    def _is_ours(self, trial: str) -> bool:
        handle = self.handles.get(trial)
        job = read_job(self.store.run(trial).job(handle.attempt)) if handle else None
        return job is not None and job.sweep in ("", self.plan.sweep.key)

    def _needs_job(self, trial: str) -> bool:
        return self.decisions[trial].action in SUBMITTED


def is_settled(decision: Decision) -> bool:
    """Return whether nothing more is done for this trial."""
    return decision.action in SETTLED
