"""Applies the stop rules of a sweep: reads scores up to its horizon, and marks the trials to stop."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from orchestrator.store.layout import Store
from orchestrator.store.requests import stop
from orchestrator.store.scores import score_curve
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.stop_rules import Curve, verdict
from trainer.config.metrics.names import better
from trainer.config.stored import EvaluationMoments
from trainer.recording.requests import was_stopped

FileStamp = tuple[int, int, EvaluationMoments]


@dataclass
class Stopper:
    """The stop rules of one sweep. Scores are reread only if their file has changed."""

    store: Store
    sweep: Sweep
    _read: dict[str, tuple[FileStamp, Curve]] = field(default_factory=dict)

    def stop(self, active: Collection[str], moments: Mapping[str, EvaluationMoments]) -> list[str]:
        """Mark the trials in `active` that a rule stops, and return them.

        `moments` has those at which each trial of the sweep has scores: all of them are compared.
        """
        rules = self.sweep.spec.stop
        if not rules or not active:
            return []
        curves = {trial: self.curve(trial, those) for trial, those in moments.items()}
        found = {trial: reason for trial in active if (reason := verdict(rules, trial, curves))}
        hit = {trial: reason for trial, reason in found.items() if not self._was_stopped(trial)}
        for trial, reason in hit.items():
            stop(self.store.run(trial), self.sweep.key, reason)
        return list(hit)

    def curve(self, trial: str, moments: EvaluationMoments) -> Curve:
        """Return the scores of a trial by kimg up to a horizon, negated if higher is better."""
        path = self.store.run(trial).metrics
        try:
            status = path.stat()
        except OSError:
            return {}
        version = status.st_size, status.st_mtime_ns, moments
        if trial not in self._read or self._read[trial][0] != version:
            self._read[trial] = version, self._scores(trial, moments)
        return self._read[trial][1]

    def _scores(self, trial: str, moments: EvaluationMoments) -> Curve:
        score = self.sweep.spec.score_name
        sign = 1 if better(score) == "lower" else -1
        seeds = self.sweep.spec.evaluation_seeds
        values = score_curve(self.store.run(trial), score, moments, self.sweep.key, seeds)
        return {kimg: sign * value for kimg, value in sorted(values.items())}

    def _was_stopped(self, trial: str) -> bool:
        return was_stopped(self.store.run(trial), self.sweep.key)
