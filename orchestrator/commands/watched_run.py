"""Executes a plan while showing its progress."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import FrameType

from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.display.duration import took
from orchestrator.display.progress import View, status_line
from orchestrator.plan.status import TrialStatus, score_of_run, trial_status
from orchestrator.plan.sweep_view import sweep_view
from orchestrator.recorders.cursor import is_behind, refusals
from orchestrator.recorders.launch import RecorderProcess, start_recorder
from orchestrator.recorders.target import MlflowTarget, default_target
from orchestrator.search.growth import Complete, Growth
from orchestrator.store.layout import Store
from orchestrator.store.sweep_runs import append_run, run_of
from orchestrator.store.timing import timings_since
from trainer.config.job import Estimate
from trainer.config.plan_file import PlannedRun
from trainer.errors import ExitCode, counted
from trainer.recording.clock import ClockSteps

POLL_SECONDS = 0.5
STOP_SECONDS = 240.0
DISTURBING_SHARE = 0.01
"""How far the clock must be set, as a share of the run, to spoil its timing: in days, clocks drift by seconds."""


@dataclass
class WatchedRun:
    """The execution of a plan. Ctrl-C (or SIGTERM) stops it; a second one does not wait for trials to save."""

    store: Store
    dispatcher: Dispatcher
    view: View
    growth: Growth = field(default_factory=Complete)
    interrupts: int = 0
    troubled: bool = False
    refused: bool = False
    recorder: RecorderProcess | None = None
    settled: dict[tuple[str, int], TrialStatus] = field(default_factory=dict)
    steps: ClockSteps = field(default_factory=ClockSteps)
    expected: Estimate = field(init=False)

    def __post_init__(self) -> None:
        self.expected = self.dispatcher.plan.whole_estimate

    def submit_only(self) -> int:
        """Submit the trials that can run now, and return without watching them."""
        self.growth.advance()
        wanted = len(self.dispatcher.active) - len(self.dispatcher.under_way)
        started = len(self.dispatcher.submit())
        self.view.log(f"{counted(started, 'trial')} submitted; watch with: adasweep status {self._sweep}")
        waiting, may_grow = len(self.dispatcher.waiting), self._may_grow and bool(self.dispatcher.active)
        if may_grow:
            self.view.log("more seeds may follow; repeat the command when these trials are done")
        if waiting:
            self.view.log(
                f"{counted(waiting, 'trial')} waiting for a source; repeat the command later to submit what waits"
            )
        failed = self._report_failed()
        if failed:
            blocked = counted(len(self.dispatcher.failed), "blocked trial")
            self.view.log(f"{blocked}; to try again: adasweep retry {self._sweep}")
        if started + waiting >= wanted:
            return ExitCode.RUN_AGAIN if waiting or may_grow else failed
        why = self.dispatcher.refusal or self.dispatcher.trouble
        left = counted(wanted - started - waiting, "trial")
        self.view.log(f"{left} not submitted: {why}; repeat the command later to submit the rest")
        return ExitCode.RUN_AGAIN

    def run_to_completion(self, *, record: bool) -> int:
        """Submit and watch until every trial is settled; return the exit code."""
        with self._listening():
            if record and self._has_news(target := default_target(self.store)):
                self.recorder = start_recorder(self.store, target, self.view.log)
            with self.view:
                self._watch()
            if self.recorder:
                self.recorder.finish(self._begun, lambda: self.interrupts > 1)
                for line in refusals(self.recorder.target, self._begun()):
                    self.view.log(line)
        self.record_duration()
        return self._verdict()

    def record_duration(self) -> None:
        """Store and print the actual and the expected duration, unless the run was interrupted or the clock was set."""
        if self.interrupts or abs(self.steps.since_last()) > DISTURBING_SHARE * self.steps.passed:
            return
        attempts = list(timings_since(self.store, self.dispatcher.plan.unique, self.expected.made))
        run = run_of(attempts, self.dispatcher.backend.name, self.expected, time.time())
        if run:
            append_run(self.store, self._sweep, run)
            self.view.log(f"It {took(run)}")

    def statuses(self) -> list[TrialStatus]:
        """Return the status of every cell, in the order of the sweep. Settled ones are read once more, then cached."""
        active = set(self.dispatcher.active)
        places = {(run.cell, run.seed): run for run in self.dispatcher.plan.runs}
        found = {place: self.settled.get(place) or self._status(run) for place, run in places.items()}
        self.settled |= {place: found[place] for place, run in places.items() if run.trial not in active}
        return list(found.values())

    def _status(self, run: PlannedRun) -> TrialStatus:
        plan, decision = self.dispatcher.plan, self.dispatcher.decisions[run.trial]
        want, score = plan.wanted[run.trial], score_of_run(run, plan.sweep.spec.score_name)
        seen = sweep_view(want, self.dispatcher.observed[run.trial])
        return trial_status(self.store, run, score, want, seen, decision)

    @property
    def _sweep(self) -> str:
        return self.dispatcher.plan.sweep.key

    @property
    def _may_grow(self) -> bool:
        return not isinstance(self.growth, Complete)

    def _begun(self) -> list[str]:
        return [trial for trial, seen in self.dispatcher.observed.items() if seen.attempts]

    def _has_news(self, target: MlflowTarget) -> bool:
        return bool(self.dispatcher.active) or self._may_grow or is_behind(self.store, target, self._begun())

    def _watch(self) -> None:
        while (self.growth.advance() or self.dispatcher.active) and not self.interrupts:
            self.dispatcher.stop_early()
            self.dispatcher.submit()
            self._show()
            self.report_trouble()
            if self.recorder:
                self.recorder.look_after()
            time.sleep(POLL_SECONDS)
            self.dispatcher.refresh()
        if self.interrupts and self.dispatcher.active:
            self._stop()
        self._show()

    def _show(self) -> None:
        self.view.show(self.statuses(), [cost.price.seconds for cost in self.dispatcher.plan.awaited])

    def report_trouble(self) -> None:
        """Report when the backend cannot be reached or accepts no more, and when that is over, once each."""
        name, trouble, refusal = self.dispatcher.backend.name, self.dispatcher.trouble, self.dispatcher.refusal
        if trouble and not self.troubled:
            self.view.log(f"{trouble}; running trials continue, and `run` keeps trying")
        elif self.troubled and not trouble:
            self.view.log(f"{name} responds again")
        if refusal and not self.refused:
            self.view.log(f"{refusal}; `run` keeps trying to submit the other trials")
        elif self.refused and not refusal:
            self.view.log(f"{name} has accepted the other trials")
        self.troubled, self.refused = bool(trouble), bool(refusal)

    def _stop(self) -> None:
        """Stop everything and wait until it has saved, unless the user interrupts again."""
        self.view.log("Stopping: running trials save and stop. (Press Ctrl-C again to leave without waiting.)")
        self.dispatcher.stop()
        deadline = time.monotonic() + STOP_SECONDS
        while self.interrupts < 2 and time.monotonic() < deadline and self.dispatcher.ours:
            time.sleep(POLL_SECONDS)
            self.dispatcher.refresh()
            self._show()

    def _verdict(self) -> int:
        if self.interrupts:
            self.view.log("Interrupted. Repeat the command to continue.")
            return ExitCode.RUN_AGAIN
        return self._report_failed()

    def _report_failed(self) -> int:
        """Print why trials are blocked, and return the exit code."""
        failed = self.dispatcher.failed
        for status in self.statuses() if failed else ():
            if status.trial in failed:
                self.view.log(status_line(status))
        return ExitCode.SOME_FAILED if failed else 0

    def _listening(self) -> ExitStack:
        """Count SIGINT and SIGTERM instead of ending, until the returned stack is closed."""
        stack = ExitStack()
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.signal(number, self._interrupt)
            stack.callback(_restorer(number, before))
        return stack

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupts += 1


def _restorer(number: int, handler: object) -> Callable[[], object]:
    return lambda: signal.signal(number, handler)  # type: ignore[arg-type]
