"""What a trial of Ray Tune does on its node: see to it that an ordinary trial gets to its horizon, and report scores.

A stopped trial ends with the process of Ray that runs this: the supervisor is told to save and stop, as by any cluster.
"""

import json
import math
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.backends.base import Task
from orchestrator.backends.ray.task import stopping_with_us
from orchestrator.plan.decide import SUBMITTED, Action, Wanted, decide_one
from orchestrator.plan.plan import RULES
from orchestrator.store.layout import Store
from orchestrator.store.lease import holder
from orchestrator.store.observe import observe_run
from orchestrator.store.scores import score_curve
from orchestrator.supervisor.command import environment, supervisor_command
from trainer.config.job import Job, Resources
from trainer.config.metrics.names import better
from trainer.config.options import RunOptions
from trainer.config.spec import Settings
from trainer.record import RunDir

SCORE = "score"
POLL_SECONDS = 0.5


class Errand(Settings):
    """Everything a node has to know to carry on a trial: it goes there as text in Tune's configuration."""

    store: Path
    trial: str
    options: RunOptions
    resources: Resources
    sweep: str
    metrics: tuple[str, ...]
    detector: str
    score: str
    code: Path

    @classmethod
    def of(cls, text: str) -> "Errand | None":
        """Return the errand in a configuration; None for one that was no possible trial."""
        return cls.model_validate_json(text) if text else None

    @property
    def run(self) -> RunDir:
        return Store(self.store).run(self.trial)

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.options.horizon_kimg, self.metrics, self.detector, self.sweep)

    def job(self, number: int) -> Job:
        """Return the job of an attempt."""
        held = holder(self.run.path)
        return Job(
            attempt=number,
            token=(held.token if held else 0) + 1,
            options=self.options,
            resources=self.resources,
            backend="ray_tune",
            sweep=self.sweep,
            code=self.code.name,
            submitted=time.time(),
        )


def drive(config: dict[str, Any]) -> None:
    """Carry a trial to its end, reporting every score once. Called by Ray Tune."""
    errand = Errand.of(config["errand"])
    if errand is None:
        return
    reported = _reported_before()
    supervisor: subprocess.Popen[bytes] | None = None
    while True:
        for kimg, best in _bests(errand):
            if kimg > reported:
                reported = kimg
                _report(errand, kimg, best)
        if supervisor and supervisor.poll() is None:
            time.sleep(POLL_SECONDS)
            continue
        decision = decide_one(errand.wanted, observe_run(errand.run, None, time.time()), RULES)
        if decision.action in SUBMITTED:
            supervisor = _started(errand)
        elif decision.action is not Action.LEAVE and reported >= _last(errand):
            return
        time.sleep(POLL_SECONDS)


def _started(errand: Errand) -> "subprocess.Popen[bytes] | None":
    """Begin another attempt, unless somebody else has just done so."""
    job = Store(errand.store).new_attempt(errand.trial, errand.job)
    if job is None:
        return None
    task = Task(errand.trial, errand.run.path, job.attempt, errand.resources, errand.code)
    hidden = {} if errand.resources.gpus else {"CUDA_VISIBLE_DEVICES": ""}
    with (errand.run.attempt(job.attempt) / "supervisor.log").open("ab") as output:
        return subprocess.Popen(
            supervisor_command(task),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(hidden, errand.code),
            start_new_session=True,
            preexec_fn=stopping_with_us,
        )


def _bests(errand: Errand) -> Iterator[tuple[float, float]]:
    """Yield the best score so far at every evaluation; scores that should be high are turned round."""
    sign, best = 1 if better(errand.score) == "lower" else -1, math.inf
    for kimg, value in sorted(score_curve(errand.run, errand.score).items()):
        best = min(best, sign * value) if math.isfinite(value) else best
        if math.isfinite(best):
            yield kimg, best


def _last(errand: Errand) -> float:
    return max((kimg for kimg, _ in _bests(errand)), default=0.0)


def _report(errand: Errand, kimg: float, best: float) -> None:
    """Report a score, with a checkpoint that only points at the trial's directory."""
    from ray import tune

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pointer.json").write_text(json.dumps({"directory": str(errand.run.path), "kimg": kimg}))
        tune.report({SCORE: best, "kimg": kimg}, checkpoint=tune.Checkpoint.from_directory(folder))


def _reported_before() -> float:
    """Return up to where Tune has heard of this trial before the node it ran on was lost."""
    from ray import tune

    checkpoint = tune.get_checkpoint()
    if checkpoint is None:
        return 0.0
    with checkpoint.as_directory() as folder:
        return float(json.loads((Path(folder) / "pointer.json").read_text())["kimg"])
