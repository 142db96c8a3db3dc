"""A Ray Tune trial on its node: runs an ordinary trial to its horizon and reports its scores.

A stopped trial ends with the Ray process that runs this; the kernel then signals its supervisor to save and stop.

If what the trial has recorded is set aside, because it starts over or resumes with other rounding, its scores are
reported again from the first on: Tune and its sampler go by the last. Only the rungs that ASHA has already decided keep
the earlier ones, as Tune can take back nothing; the driver's log says so.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.backends.ray.task import hidden_gpus
from orchestrator.plan.decide import RULES, SUBMITTED, Action, decide_one
from orchestrator.store.layout import Store
from orchestrator.store.new_attempt import JobRequest, new_attempt
from orchestrator.store.observe import observe_run
from orchestrator.store.scores import score_curve
from orchestrator.supervisor.command import Task, start_supervisor
from trainer.config.job import Estimate, Resources
from trainer.config.metrics.names import better
from trainer.config.options import RunOptions
from trainer.config.spec import Settings
from trainer.config.stored import EvaluationMoments
from trainer.record import RunDir
from trainer.recording.sweep_state import Desired

SCORE = "score"
POLL_SECONDS = 0.5


class TrialSpec(Settings):
    """Everything a node needs to run a trial, passed as text in Tune's configuration."""

    store: Path
    trial: str
    options: RunOptions
    resources: Resources
    sweep: str
    metrics: tuple[str, ...]
    detector: str
    score: str
    code: Path
    batch: int | None = None
    estimate: Estimate | None = None

    @classmethod
    def of(cls, text: str) -> "TrialSpec | None":
        """Return the spec in a configuration; None for an invalid or repeated configuration."""
        return cls.model_validate_json(text) if text else None

    @property
    def run(self) -> RunDir:
        return Store(self.store).run(self.trial)

    @property
    def wanted(self) -> Desired:
        options = self.options
        rest = (options.distance, options.evaluation_seeds, options.probes, options.evaluate_every_kimg)
        return Desired(options.horizon_kimg, self.metrics, self.detector, self.sweep, *rest)

    def request(self, from_kimg: float) -> JobRequest:
        """Return the request for an attempt; the estimate is that of a whole training."""
        estimate = self.estimate if from_kimg == 0 else None
        return JobRequest(self.options, self.resources, "ray_tune", self.sweep, self.code, estimate=estimate)


@dataclass
class Reported:
    """What Tune has of a trial: its scores up to `kimg`, from after `abandoned` trainings of it were set aside."""

    kimg: float = 0.0
    abandoned: int = 0

    def new(self, spec: TrialSpec) -> Iterator[tuple[float, float]]:
        """Yield kimg and the best score so far at every evaluation not reported yet; they count as reported then."""
        abandoned = len(spec.run.abandoned())  # before the rows: a worker sets them aside, then records its own
        if abandoned != self.abandoned:
            if self.kimg:
                sys.stderr.write(f"trial {spec.trial}: set aside what it had recorded, and reports its scores again\n")
            self.kimg, self.abandoned = 0.0, abandoned
        for kimg, best in _bests(spec):
            if kimg > self.kimg:
                self.kimg = kimg
                yield kimg, best


def drive(config: dict[str, Any]) -> None:
    """Run a trial to its end, reporting every score of the training that counts once. Called by Ray Tune."""
    spec = TrialSpec.of(config["trial"])
    if spec is None:
        return
    reported = _reported_before()
    supervisor: subprocess.Popen[bytes] | None = None
    while True:
        for kimg, best in reported.new(spec):
            _report(spec, kimg, best, reported.abandoned)
        if supervisor and supervisor.poll() is None:
            time.sleep(POLL_SECONDS)
            continue
        seen = observe_run(spec.run, None, time.time())
        decision = decide_one(spec.wanted, seen, RULES)
        if decision.action in SUBMITTED:
            supervisor = _start(spec, decision.from_kimg, seen.newest)
        elif decision.action is not Action.LEAVE and reported.kimg >= _last(spec):
            return
        time.sleep(POLL_SECONDS)


def _start(spec: TrialSpec, from_kimg: float, after: int) -> "subprocess.Popen[bytes] | None":
    """Start another attempt, unless another process has just done so."""
    job = new_attempt(Store(spec.store), spec.trial, spec.request(from_kimg), after)
    if job is None:
        return None
    task = Task(spec.trial, spec.run.path, job.attempt, spec.resources, spec.code)
    return start_supervisor(task, hidden_gpus(spec.resources), stop_with_parent=True)


def _bests(spec: TrialSpec) -> Iterator[tuple[float, float]]:
    """Yield kimg and the best score so far at every evaluation, negated if higher is better."""
    sign, best = 1 if better(spec.score) == "lower" else -1, math.inf
    options = spec.options
    moments = EvaluationMoments(options.horizon_kimg, options.evaluate_every_kimg, spec.batch)
    curve = score_curve(spec.run, spec.score, moments, spec.sweep, options.evaluation_seeds)
    for kimg, value in sorted(curve.items()):
        best = min(best, sign * value) if math.isfinite(value) else best
        if math.isfinite(best):
            yield kimg, best


def _last(spec: TrialSpec) -> float:
    return max((kimg for kimg, _ in _bests(spec)), default=0.0)


def _report(spec: TrialSpec, kimg: float, best: float, abandoned: int) -> None:
    """Report a score, with a checkpoint that only points at the trial's directory."""
    from ray import tune

    with tempfile.TemporaryDirectory() as folder:
        pointer = {"directory": str(spec.run.path), "kimg": kimg, "abandoned": abandoned}
        (Path(folder) / "pointer.json").write_text(json.dumps(pointer))
        tune.report({SCORE: best, "kimg": kimg}, checkpoint=tune.Checkpoint.from_directory(folder))


def _reported_before() -> Reported:
    """Return what Tune has of this trial, from before its node was lost."""
    from ray import tune

    checkpoint = tune.get_checkpoint()
    if checkpoint is None:
        return Reported()
    with checkpoint.as_directory() as folder:
        pointer = json.loads((Path(folder) / "pointer.json").read_text())
        return Reported(float(pointer["kimg"]), pointer.get("abandoned", 0))
