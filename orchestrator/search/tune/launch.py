"""Launches a Ray Tune search as a Ray job, and watches it through the store."""

import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator.backends.base import Backend
from orchestrator.backends.ray.backend import RayBackend, worker_environment
from orchestrator.backends.ray.jobs import RayJobs
from orchestrator.dispatch.poll import observe_now
from orchestrator.display.progress import View
from orchestrator.plan.decide import RULES
from orchestrator.plan.plan import Plan
from orchestrator.plan.plan_file import read_plan
from orchestrator.plan.status import TrialStatus, sweep_status
from orchestrator.search.tune.completion import finish_file, is_finished
from orchestrator.store.layout import Store
from orchestrator.store.lease import holder
from orchestrator.supervisor.command import python_module
from trainer.errors import ExitCode

POLL_SECONDS = 1.0
SAVING_SECONDS = 60.0


@dataclass
class TuneRun:
    """The search of `plan`, driven by the Ray job `job`; "" if another process has started the driver."""

    store: Store
    plan: Plan
    jobs: RayJobs
    job: str = ""

    @classmethod
    def start(cls, store: Store, plan: Plan, backend: Backend, code: Path) -> "TuneRun":
        """Start the driver in the cluster, unless one is running. Raises PlanError, BackendError."""
        assert isinstance(backend, RayBackend), "preflight rejects other backends"
        jobs = backend.jobs
        run = cls(store, plan, jobs)
        if not run._has_holder():
            finish_file(store, plan.sweep).unlink(missing_ok=True)
            sweep = plan.sweep
            places = [str(path.resolve()) for path in (store.root, sweep.source.file, code)]
            arguments = [*places, str(sweep.spec.horizon_kimg), sweep.tier]
            line = shlex.join([*python_module("orchestrator.search.tune.driver"), *arguments])
            run.job = jobs.submit(line, worker_environment(code))
        return run

    def watch_to_completion(self, view: View) -> int:
        """Show the progress of the search until its driver has ended; return the exit code."""
        try:
            with view:
                self._watch(view)
        except KeyboardInterrupt:
            if self.job:
                self.jobs.stop(self.job)
            view.log("Interrupted: running trials save and stop. Repeat the command to continue.")
            return ExitCode.RUN_AGAIN
        if not is_finished(self.store, self.plan.sweep):
            view.log("The driver of the search has ended early. Repeat the command to continue.")
            return ExitCode.RUN_AGAIN
        return ExitCode.SOME_FAILED if any(status.state == "failed" for status in self.statuses()) else 0

    def statuses(self) -> list[TrialStatus]:
        """Return the status of all trials sampled so far."""
        plan = read_plan(self.store, self.plan.sweep.key)
        return sweep_status(self.store, plan, observe_now(self.store, plan.with_sources), RULES)

    def _watch(self, view: View) -> None:
        ended = None
        while ended is None or time.monotonic() - ended < SAVING_SECONDS:
            statuses = self.statuses()
            view.show(statuses)
            if not self._is_driven():
                ended = ended or time.monotonic()
                if not any(status.state == "running" for status in statuses):
                    return
            time.sleep(POLL_SECONDS)

    def _is_driven(self) -> bool:
        return self.jobs.is_alive(self.job) if self.job else self._has_holder()

    def _has_holder(self) -> bool:
        held = holder(self.store.plan(self.plan.sweep.key).parent)
        return held is not None and held.is_alive(time.time())
