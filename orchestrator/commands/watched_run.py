"""A plan being carried out before the user's eyes."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import FrameType

from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.display.plan_table import took
from orchestrator.display.progress import View, in_a_line
from orchestrator.plan.own_view import own_view
from orchestrator.plan.status import TrialStatus, trial_status
from orchestrator.recorders.cursor import is_behind, left_out
from orchestrator.recorders.launch import RecorderProcess, start_recorder
from orchestrator.recorders.target import MlflowTarget, default_target
from orchestrator.search.sampling import Complete, Growth
from orchestrator.store.layout import Store
from orchestrator.store.sweep_runs import keep_run, run_of
from orchestrator.store.timing import timings_since
from trainer.config.job import Estimate
from trainer.config.plan_file import PlannedRun
from trainer.errors import ExitCode

POLL_SECONDS = 0.5
STOP_SECONDS = 240.0


@dataclass
class WatchedRun:
    """A plan being carried out. Ctrl-C (or SIGTERM) stops it; a second one stops the waiting."""

    store: Store
    dispatcher: Dispatcher
    view: View
    growth: Growth = field(default_factory=Complete)
    interrupts: int = 0
    troubled: bool = False
    refused: bool = False
    recorder: RecorderProcess | None = None
    settled: dict[tuple[str, int], TrialStatus] = field(default_factory=dict)
    expected: Estimate = field(init=False)

    def __post_init__(self) -> None:
        self.expected = self.dispatcher.plan.whole_estimate

    def start_only(self) -> int:
        """Submit what is to be run now, and leave it running."""
        wanted = len(self.dispatcher.active) - len(self.dispatcher.under_way)
        started = len(self.dispatcher.submit())
        self.view.say(f"{started} trials submitted; watch them with: adasweep status {self._sweep}")
        if started >= wanted:
            return 0
        why = self.dispatcher.refusal or self.dispatcher.trouble
        self.view.say(f"{wanted - started} trials are not submitted: {why}; the same command submits them later")
        return ExitCode.RUN_AGAIN

    def to_the_end(self, *, record: bool) -> int:
        """Submit and watch until every trial is settled; return the exit code."""
        with self._listening():
            target = default_target(self.store)
            if record and self._has_news(target):
                self.recorder = start_recorder(self.store, target, self.view.say)
            with self.view:
                self._watch()
            if self.recorder:
                self.recorder.finish(self._begun, lambda: self.interrupts > 1)
                for line in left_out(target, self._begun()):
                    self.view.say(line)
        self.keep_time()
        return self._verdict()

    def keep_time(self) -> None:
        """Keep what the plan took beside what it was expected to take, and say so; not where it was interrupted."""
        if self.interrupts:
            return
        attempts = list(timings_since(self.store, self.dispatcher.plan.unique, self.expected.made))
        run = run_of(attempts, self.dispatcher.backend.name, self.expected, time.time())
        if run:
            keep_run(self.store, self._sweep, run)
            self.view.say(f"It {took(run)}")

    def statuses(self) -> list[TrialStatus]:
        """Return how every cell stands, in the order of the sweep. What is settled is read once more, then kept."""
        active = set(self.dispatcher.active)
        places = {(run.cell, run.seed): run for run in self.dispatcher.plan.cells}
        found = {place: self.settled.get(place) or self._status(run) for place, run in places.items()}
        self.settled |= {place: found[place] for place, run in places.items() if run.trial not in active}
        return list(found.values())

    def _status(self, run: PlannedRun) -> TrialStatus:
        plan, decision = self.dispatcher.plan, self.dispatcher.decisions[run.trial]
        want = plan.wanted[run.trial]
        seen = own_view(want, self.dispatcher.observed[run.trial])
        return trial_status(self.store, run, plan.sweep.spec.score_name, want, seen, decision)

    @property
    def _sweep(self) -> str:
        return self.dispatcher.plan.sweep.key

    def _begun(self) -> list[str]:
        return [trial for trial, seen in self.dispatcher.observed.items() if seen.attempts]

    def _has_news(self, target: MlflowTarget) -> bool:
        search = self.dispatcher.plan.sweep.spec.search
        return bool(self.dispatcher.active or search) or is_behind(self.store, target, self._begun())

    def _watch(self) -> None:
        while (self.growth.advance() or self.dispatcher.active) and not self.interrupts:
            self.dispatcher.stop_early()
            self.dispatcher.submit()
            self._show()
            self.tell_trouble()
            if self.recorder:
                self.recorder.tell_trouble()
            time.sleep(POLL_SECONDS)
            self.dispatcher.look()
        if self.interrupts and self.dispatcher.active:
            self._stop()
        self._show()

    def _show(self) -> None:
        self.view.show(self.statuses(), [cost.price.seconds for cost in self.dispatcher.plan.awaited])

    def tell_trouble(self) -> None:
        """Say when the backend cannot be reached or takes no more, and when that is over: each once."""
        name, trouble, refusal = self.dispatcher.backend.name, self.dispatcher.trouble, self.dispatcher.refusal
        if trouble and not self.troubled:
            self.view.say(f"{trouble}; running trials continue, and this keeps trying")
        elif self.troubled and not trouble:
            self.view.say(f"{name} answers again")
        if refusal and not self.refused:
            self.view.say(f"{refusal}; what is not submitted waits here, and this keeps trying")
        elif self.refused and not refusal:
            self.view.say(f"{name} has taken what waited here")
        self.troubled, self.refused = bool(trouble), bool(refusal)

    def _stop(self) -> None:
        """Have everything saved and stopped, unless somebody insists on leaving at once."""
        self.view.say("Stopping: running trials save what they have. (Ctrl-C again leaves them to it.)")
        self.dispatcher.stop()
        deadline = time.monotonic() + STOP_SECONDS
        while self.interrupts < 2 and time.monotonic() < deadline and self.dispatcher.ours:
            time.sleep(POLL_SECONDS)
            self.dispatcher.look()
            self._show()

    def _verdict(self) -> int:
        if self.interrupts:
            self.view.say("Interrupted. Repeat the command to continue.")
            return ExitCode.RUN_AGAIN
        failed = self.dispatcher.failed
        for status in self.statuses():
            if status.trial in failed:
                self.view.say(in_a_line(status))
        return ExitCode.SOME_FAILED if failed else 0

    def _listening(self) -> ExitStack:
        """Count SIGINT and SIGTERM instead of dying of them, until the returned stack is left."""
        stack = ExitStack()
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.signal(number, self._interrupt)
            stack.callback(_restorer(number, before))
        return stack

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupts += 1


def _restorer(number: int, handler: object) -> Callable[[], object]:
    return lambda: signal.signal(number, handler)  # type: ignore[arg-type]
