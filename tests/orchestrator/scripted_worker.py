"""A worker without torch that writes the same files as the real one, for tests of the orchestrator.

    python scripted_worker.py --dir TRIAL --attempt N

It "trains" 0.1 kimg per step of ADASWEEP_STEP_SECONDS, saves every 0.5 kimg, and behaves according to its seed:
seed 13 crashes at 0.3 kimg, seed 14 makes a user error, seed 15 is killed at 0.7 kimg in its first attempt,
seed 16 ignores stop signals; seeds 20 to 29 evaluate whenever they save, and score their seed, from 25 on their
r1_gamma; seeds from 100 wait at 0.5 kimg until a file `go` exists in the directory of the trial, so that a test
finds them running on any machine, however slow. ADASWEEP_SCORES may have the scores of seeds 0, 1, ... by the
augmentation's type; ADASWEEP_FAILING_SEED crashes like seed 13.

If evaluation is deferred, it keeps a snapshot with every save. An evaluation measures those; with seed 17 it fails.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from trainer.config.job import Job
from trainer.config.metrics.names import parse_metric, value_names
from trainer.files import append_lines, replace_file
from trainer.record import RunDir, RunRecord, State, beat
from trainer.recording.fence import Fence, FencedOut
from trainer.recording.set_aside import set_aside

STEP_KIMG = 0.1
SAVE_EVERY_STEPS = 5
HOLDING_SEEDS, HOLD_STEPS = 100, 5
EVALUATING_SEEDS = range(20, 30)
GAMMA_SEEDS = range(25, 30)
FAILING_SEED = int(os.environ.get("ADASWEEP_FAILING_SEED", "13"))


class Worker:
    def __init__(self, run: RunDir, number: int) -> None:
        self.run, self.job = run, Job.model_validate_json(run.job(number).read_text())
        config = json.loads(run.trial.read_text())["config"]
        self.seed, self.gamma = config["seed"], config["objective"].get("r1_gamma")
        self.scores = json.loads(os.environ.get("ADASWEEP_SCORES", "{}")).get(config["augment"]["type"], [])
        self.fence = Fence.of_worker(run.lease, self.job.token)
        self.stopped = False
        self.steps = self._saved()
        if self.job.work == "train" and not self.steps:
            set_aside(run, number, self.fence)
        now, horizon = time.time(), self.job.options.horizon_kimg
        self.record = RunRecord(
            attempt=number,
            work=self.job.work,
            state=State.RUNNING,
            kimg=self.kimg,
            horizon_kimg=horizon,
            started=now,
            updated=now,
            host="here",
            pid=os.getpid(),
            resumed_from_kimg=self.kimg,
        )
        for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(stop, self._stop)

    @property
    def kimg(self) -> float:
        return round(self.steps * STEP_KIMG, 3)

    def _stop(self, *_: object) -> None:
        self.stopped = self.seed != 16

    def _saved(self) -> int:
        files = sorted(self.run.checkpoints.glob("ckpt-*"))
        return json.loads(files[-1].read_text())["steps"] if files else 0

    def save(self) -> None:
        content = json.dumps({"steps": self.steps})
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        name = f"ckpt-{round(self.kimg * 1000):09d}-t{self.job.token:04d}-{digest}.safetensors"
        replace_file(self.run.checkpoints / name, content, self.fence)
        if self.job.options.evaluation == "later":
            replace_file(self.run.snapshot(round(self.kimg * 1000)), "{}", self.fence)

    def update(self, **changes: object) -> None:
        self.record = beat(self.run.record(self.job.attempt), self.record, self.fence, kimg=self.kimg, **changes)

    def append(self, path: Path, row: dict[str, object]) -> None:
        append_lines(path, [{"attempt": self.job.attempt, "time": time.time(), "kimg": self.kimg, **row}], self.fence)

    def train(self) -> int:
        self.update()
        while self.kimg < self.job.options.horizon_kimg - 1e-9:
            if self.stopped:
                self.save()
                self.update(state=State.PREEMPTED, exit_code=75)
                return 75
            if self._held():
                time.sleep(0.05)
                self.update()
                continue
            time.sleep(float(os.environ.get("ADASWEEP_STEP_SECONDS", "0.01")))
            self.steps += 1
            self._misbehave()
            self._report()
        if self._saved() != self.steps:  # as in the real worker, a snapshot once written stays that file
            self.save()
        if self.job.options.evaluation == "inline":
            self.measure(self.kimg, 0)
        self.update(state=State.DONE, exit_code=0)
        return 0

    def evaluate(self) -> int:
        if self.seed == 17:
            sys.stderr.write("adasweep: error: detector: no such file\n")
            raise SystemExit(2)
        self.update()
        for images in self.run.kept_snapshots():
            for seed in range(self.job.options.evaluation_seeds):
                self.measure(images / 1000, seed)
            for probe in self.job.options.probes:
                replace_file(self.run.probe(probe, images), "", self.fence)
        self.update(state=State.DONE, exit_code=0)
        return 0

    def measure(self, kimg: float, seed: int) -> None:
        options = self.job.options
        value = float(self.seed) if self.seed in EVALUATING_SEEDS else 100 / (1 + kimg)
        value = self.gamma if self.seed in GAMMA_SEEDS else value
        value = self.scores[self.seed] if self.seed < len(self.scores) else value
        row = {"kimg": kimg, "seed": seed, "value": value, "seconds": 0.01}
        for name in options.metrics:
            for number in value_names(parse_metric(name), options.detector, options.distance):
                self.append(self.run.metrics, {"metric": number, **row})

    def _held(self) -> bool:
        return self.seed >= HOLDING_SEEDS and self.steps == HOLD_STEPS and not (self.run.path / "go").exists()

    def _misbehave(self) -> None:
        if self.seed in (13, FAILING_SEED) and self.steps == 3:
            raise RuntimeError("the loss is not a number")
        if self.seed == 14:
            sys.stderr.write("adasweep: error: data: no such folder\n")
            raise SystemExit(2)
        if self.seed == 15 and self.steps == 7 and self.job.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def _report(self) -> None:
        if self.steps % SAVE_EVERY_STEPS == 0:
            self.save()
            if self.seed in EVALUATING_SEEDS:
                self.measure(self.kimg, 0)
        row = {"seconds_per_kimg": 1.0, "images_per_second": 1000.0, "p": 0.1, "r_t": 0.2, "r_v": None}
        self.append(self.run.ticks, {**row, "stats": {"Loss/G/loss": 1 / self.steps}})
        self.update(images_per_second=1000.0, p=0.1, r_t=0.2)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--attempt", type=int, required=True)
    given = parser.parse_args()
    try:
        worker = Worker(RunDir(given.dir), given.attempt)
        return worker.train() if worker.job.work == "train" else worker.evaluate()
    except FencedOut:
        return 75


if __name__ == "__main__":
    sys.exit(main())
