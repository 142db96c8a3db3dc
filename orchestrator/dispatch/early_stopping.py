"""Applies the stop rules of a sweep: reads scores, and marks the trials to stop."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from orchestrator.store.layout import Store
from orchestrator.store.requests import stop, was_stopped
from orchestrator.store.scores import score_curve
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.stop_rules import Curve, verdict
from trainer.config.metrics.names import better

FileStamp = tuple[int, int]


@dataclass
class Stopper:
    """The rules of one sweep. Scores are read again only where the file has changed."""

    store: Store
    sweep: Sweep
    _read: dict[str, tuple[FileStamp, Curve]] = field(default_factory=dict)

    def stop(self, active: Collection[str], trials: Iterable[str]) -> list[str]:
        """Mark those of `active` that a rule stops, judged against all `trials` of the sweep, and return them."""
        rules = self.sweep.spec.stop
        if not rules or not active:
            return []
        curves = {trial: self.curve(trial) for trial in trials}
        found = {trial: reason for trial in active if (reason := verdict(rules, trial, curves))}
        hit = {trial: reason for trial, reason in found.items() if not self._was_stopped(trial)}
        for trial, reason in hit.items():
            stop(self.store.run(trial), self.sweep.key, reason)
        return list(hit)

    def curve(self, trial: str) -> Curve:
        """Return the scores of a trial by kimg, turned round where a higher one is better."""
        path = self.store.run(trial).metrics
        try:
            status = path.stat()
        except FileNotFoundError:
            return {}
        version = status.st_size, status.st_mtime_ns
        if trial not in self._read or self._read[trial][0] != version:
            self._read[trial] = version, self._scores(trial)
        return self._read[trial][1]

    def _scores(self, trial: str) -> Curve:
        score = self.sweep.spec.score_name
        sign = 1 if better(score) == "lower" else -1
        return {kimg: sign * value for kimg, value in sorted(score_curve(self.store.run(trial), score).items())}

    def _was_stopped(self, trial: str) -> bool:
        return was_stopped(self.store.run(trial), self.sweep.key)
