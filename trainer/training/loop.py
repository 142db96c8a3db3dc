"""The training loop: steps, and events that are due at certain image counters."""

import time
from dataclasses import dataclass, field

from trainer.config.identity import trial_id
from trainer.config.options import RunOptions
from trainer.evaluation.inline import Evaluator
from trainer.record import Energy, RunDir
from trainer.recording.energy_meters import Meter
from trainer.recording.reporter import Reporter
from trainer.recording.telemetry import EDGES, peak_memory_gib
from trainer.runtime.signals import Preempted, StopRequest
from trainer.state import checkpoint
from trainer.training.divergence import divergence
from trainer.training.sample_sheets import SampleSheetWriter
from trainer.training.schedules import is_on
from trainer.training.step import BROKEN, NONFINITE, Stepper


class RunDiverged(Exception):
    """The run violated a rule of the divergence check, named in its text."""


@dataclass
class Loop:
    """Runs a Stepper to its horizon, with all scheduled events."""

    run: RunDir
    options: RunOptions
    stepper: Stepper
    reporter: Reporter
    evaluator: Evaluator
    sheets: SampleSheetWriter
    meter: Meter
    stop: StopRequest
    busy_seconds: float = 0.0
    tick_start_images: int = 0
    last_saved: float = field(default_factory=time.monotonic)
    saved_images: int = -1

    @property
    def images(self) -> int:
        return self.stepper.state.images

    @property
    def kimg(self) -> float:
        return self.images / 1000

    @property
    def finished(self) -> bool:
        return self.images >= self.options.horizon_kimg * 1000

    def to_horizon(self) -> None:
        """Train until the horizon is reached, evaluated and saved.

        Raises Preempted after a stop signal (state saved), RunDiverged if the divergence check fails.
        """
        self.tick_start_images = self.images
        self.reporter.update(ready=time.time())
        if self.images:
            self._scheduled_events()
        while not self.finished:
            self._stop_if_requested()
            started = time.monotonic()
            risk = self.stepper.step()
            self.busy_seconds += time.monotonic() - started
            self._record_events()
            if risk:
                self.reporter.event("leak-risk", self.kimg, p=risk.p, limit=risk.limit)
            self._ticks()
            self._scheduled_events()
        self._save()

    def _record_events(self) -> None:
        for event in self.stepper.events:
            self.reporter.event(event.name, self.kimg, **event.details)
        self.stepper.events.clear()

    def _due(self, every_kimg: float) -> bool:
        return is_on(every_kimg, self.images, self.stepper.last_batch)

    def _scheduled_events(self) -> None:
        """Run what is due at this image counter, skipping what is already done, so this may be called repeatedly."""
        if self._due(self.options.sample_every_kimg) or self.finished:
            self.sheets.write(self.stepper.state, self.reporter)
        if self._due(self.options.evaluate_every_kimg) or self.finished:
            self._evaluate()
        minutes = (time.monotonic() - self.last_saved) / 60
        if self._due(self.options.checkpoint_every_kimg) or self._agreed(
            minutes >= self.options.checkpoint_every_minutes
        ):
            self._save()

    def _agreed(self, wanted: bool) -> bool:
        return self.stepper.world.any(wanted)

    def _evaluate(self) -> None:
        try:
            self.evaluator.evaluate(self.stepper.state, self.reporter)
        except Preempted:
            interrupted = True
        else:
            interrupted = False
        if self._agreed(interrupted):
            self._save()
            raise Preempted
        self.reporter.update(doing="training", energy=self.energy())

    def _stop_if_requested(self) -> None:
        if self._agreed(self.stop.made):
            self._save()
            raise Preempted

    def _save(self) -> None:
        if self.images == self.saved_images:
            return
        if self.stepper.world.is_main:
            fence = self.reporter.fence
            tensors, trial = self.stepper.state.to_tensors(), trial_id(self.stepper.config)
            checkpoint.save(self.run.checkpoints, self.images, fence, tensors, trial)
            checkpoint.prune(self.run.checkpoints, self.options.checkpoints_kept, self.images, fence)
        self.last_saved, self.saved_images = time.monotonic(), self.images

    def _ticks(self) -> None:
        if self._due(self.options.tick_kimg) or self.finished:
            self._tick()
        else:
            self.reporter.pulse(kimg=self.kimg, doing="training")

    def energy(self) -> Energy:
        """Return the energy of this attempt so far."""
        return self.reporter.record.energy.model_copy(update={"joules": self.meter.joules()})

    def _tick(self) -> None:
        sums, augmenter = self.stepper.state.sums, self.stepper.augmenter
        means, nonfinite = sums.means(), sums.total(NONFINITE)
        shown = self.images - self.tick_start_images
        speed = shown / self.busy_seconds
        energy = self.energy()
        row = {
            "kimg": self.kimg,
            "images_per_second": speed,
            "seconds_per_kimg": 1000 / speed,
            "p": augmenter.p,
            "r_t": augmenter.r_t,
            "r_v": augmenter.r_v,
            "nan_gradients": int(nonfinite),
            "memory_gib": peak_memory_gib(),
            "energy_joules": energy.joules,
            "stats": means,
        }
        self.reporter.append(self.run.ticks, row)
        self.reporter.append(self.run.path / "logits.jsonl", {"kimg": self.kimg, "bins": EDGES, **sums.histograms()})
        self.reporter.update(
            kimg=self.kimg, images_per_second=speed, p=augmenter.p, r_t=augmenter.r_t, energy=energy, doing="training"
        )
        sums.clear()
        self.busy_seconds, self.tick_start_images = 0.0, self.images
        rule = divergence(means, means.get(BROKEN, 0.0))
        if rule:
            raise RunDiverged(rule)
