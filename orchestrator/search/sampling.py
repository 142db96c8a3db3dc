"""Runs a search: the plan of a sweep grows as configurations are sampled, and is complete when all have results.

The state is in files: configurations in the plan, results in the trials' directories, from which Optuna's journal is
updated. Any process can therefore take over, one at a time.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import fmean

from orchestrator.dispatch.dispatcher import Dispatcher, is_settled
from orchestrator.errors import LeaseHeld, PlanError, SweepError
from orchestrator.plan.decide import Action
from orchestrator.search.engine import Engine, Result, Suggestion
from orchestrator.search.growth import Complete, Growth, grow
from orchestrator.search.sequential import SequentialGrowth
from orchestrator.store.lease import BEAT_SECONDS, Lease, acquire
from orchestrator.sweep.expand import applies
from orchestrator.sweep.search_points import study_name, trials_of
from orchestrator.sweep.search_space import Applies, Point, Search, every, is_countable
from orchestrator.sweep.trial import DataLookup, Trial
from trainer.config.plan_file import OverSeeds

MOST_REPEATS = 20
"""How many repetitions may be sampled in a row before the space is enumerated."""

MOST_POINTS = 10_000

OVER_SEEDS: dict[OverSeeds, Callable[[list[float]], float]] = {"mean": fmean, "worst": max}


@dataclass
class Sampling:
    """The search of the sweep that `dispatcher` runs. `open` has the trials of configurations without a result.

    No configuration is run twice: neither the same point (`tried`), nor another with the same trials (`trained`). The
    search is `exhausted` when the space has no other.
    """

    dispatcher: Dispatcher
    engine: Engine
    search: Search
    find: DataLookup
    lease: Lease
    log: Callable[[str], None]
    fits: Applies
    open: dict[int, tuple[str, ...]] = field(default_factory=dict)
    asked: int = 0
    tried: list[Point] = field(default_factory=list)
    trained: set[frozenset[str]] = field(default_factory=set)
    exhausted: bool = False
    renewed: float = field(default_factory=time.monotonic)

    def advance(self) -> bool:
        """Report results, and sample as many configurations as may run. Raises LeaseSuperseded."""
        self._beat()
        for number, trials in list(self.open.items()):
            if all(is_settled(self.dispatcher.decisions[trial]) for trial in trials):
                self.engine.tell(number, self._result(trials))
                del self.open[number]
        while self._has_capacity and (asked := self._another()):
            self._take(asked)
        return bool(self.open)

    @property
    def _has_capacity(self) -> bool:
        return not self.exhausted and self.asked < self.search.trials and len(self.open) < self.search.parallel

    def _another(self) -> Suggestion | None:
        """Return a configuration that was not sampled before; None if the space has no other."""
        repeated: list[Point] = []
        while len(repeated) < MOST_REPEATS:
            asked = self.engine.ask()
            if not self._is_repeated(asked.point):
                self._log_repeated(repeated)
                return asked
            repeated.append(asked.point)
            self.engine.drop(asked.number)
        self._log_repeated(repeated)
        untried = next((point for point in self._countable() if not self._is_repeated(point)), None)
        if untried is not None:
            self.engine.expect([untried])
            return self.engine.ask()
        self.exhausted = True
        self.log(f"the space has only {self.asked} configurations; {self.search.trials} were requested")
        return None

    def _log_repeated(self, points: list[Point]) -> None:
        if points:
            more = f", and {len(points) - 1} more repetitions" if points[1:] else ""
            self.log(f"sampled before: {_text(points[0])}{more}; sampling another")

    def _countable(self) -> Iterable[Point]:
        space = self.search.space
        return itertools.islice(every(space, self.fits), MOST_POINTS) if is_countable(space) else ()

    def _is_repeated(self, point: Point) -> bool:
        if point in self.tried:
            return True
        trials = self._trials(point, log=False)
        return bool(trials) and frozenset(trial.id for trial in trials) in self.trained

    def _trials(self, point: Point, *, log: bool) -> list[Trial]:
        """Return the trials of a configuration; none if it is invalid."""
        try:
            return trials_of(self.dispatcher.plan.sweep, point, self.find)
        except SweepError as error:
            if log:
                self.log(f"the configuration {_text(point)} is invalid: {error}")
            return []

    def resume(self, kept: tuple[Point, ...]) -> None:
        """Continue where an earlier process stopped; `kept` are the configurations in its plan.

        Of more configurations than are requested now, those in the plan are taken first.
        """
        asked = self.engine.asked(kept)
        missing = [point for point in kept if point not in [one.point for one in asked]]
        for one in sorted(asked, key=lambda one: one.point not in kept)[: self.search.trials - len(missing)]:
            self._take(one)
        self.engine.expect(missing)

    def _take(self, asked: Suggestion) -> None:
        """Add a configuration to the plan, as ordinary trials that the dispatcher runs like all others."""
        self.asked += 1
        trials = self._trials(asked.point, log=True)
        self.tried.append(asked.point)
        self.trained.add(frozenset(trial.id for trial in trials))
        if trials:
            self._grow(asked.point, trials)
        if asked.is_open:
            self.open[asked.number] = tuple(trial.id for trial in trials)

    def _grow(self, point: Point, trials: list[Trial]) -> None:
        plan, dispatcher = self.dispatcher.plan, self.dispatcher
        if point in plan.sweep.sampled:
            return
        sweep = replace(plan.sweep, sampled=(*plan.sweep.sampled, point))
        plan = replace(plan, awaited=plan.awaited[len(trials) :])
        grow(dispatcher, plan, sweep, (*plan.trials, *trials), self.log)

    def _result(self, trials: tuple[str, ...]) -> Result:
        """Return the result of a configuration: the mean over its trials, or the worst of them."""
        decisions = [self.dispatcher.decisions[trial] for trial in trials]
        curves = [self._curve(trial) for trial in trials]
        bests = [min(curve.values(), default=math.inf) for curve in curves]
        over = self.search.over_seeds
        score = OVER_SEEDS[over](bests) if bests else math.inf
        failed = any(decision.action is Action.BLOCKED for decision in decisions) or not math.isfinite(score)
        stopped = any(decision.action is Action.STOPPED for decision in decisions)
        return Result(None if failed else score, joint_curve(curves, over), stopped and not failed)

    def _curve(self, trial: str) -> Mapping[float, float]:
        curve = self.dispatcher.stopper.curve(trial, self.dispatcher.plan.moments(trial))
        return {kimg: score for kimg, score in curve.items() if math.isfinite(score)}

    def _beat(self) -> None:
        if time.monotonic() - self.renewed > BEAT_SECONDS:
            self.lease.beat()
            self.renewed = time.monotonic()


def _text(point: Point) -> str:
    return ", ".join(f"{key}={value}" for key, value in point.items())


def joint_curve(curves: list[Mapping[float, float]], over: OverSeeds) -> dict[float, float]:
    """Return the mean or the worst of curves at the points where all of them have a score."""
    shared = set.intersection(*map(set, curves)) if curves else set()
    return {kimg: OVER_SEEDS[over]([curve[kimg] for curve in curves]) for kimg in sorted(shared)}


@contextmanager
def growth_of(dispatcher: Dispatcher, find: DataLookup, log: Callable[[str], None]) -> Iterator[Growth]:
    """Yield the growth of a dispatcher's plan. Raises PlanError if another process drives the search."""
    sweep, search = dispatcher.plan.sweep, dispatcher.plan.sweep.spec.search
    if sweep.spec.sequential:
        yield SequentialGrowth(dispatcher, find, log)
        return
    if not search:
        yield Complete()
        return
    place = dispatcher.store.plan(sweep.key).parent
    try:
        lease = acquire(place)
    except LeaseHeld as held:
        raise PlanError(sweep.key, f"another process drives this search ({held})", "see: adasweep status") from None
    try:
        fits = applies(sweep, find)
        sampling = Sampling(dispatcher, open_engine(dispatcher, search, fits), search, find, lease, log, fits)
        sampling.resume(sweep.sampled)
        yield sampling
    finally:
        lease.release()


def open_engine(dispatcher: Dispatcher, search: Search, fits: Applies) -> Engine:
    """Return Optuna's study of a search."""
    from orchestrator.search import optuna

    sweep = dispatcher.plan.sweep
    journal = dispatcher.store.plan(sweep.key).with_name("optuna.jsonl")
    return optuna.open_engine(journal, study_name(sweep.spec), search, fits)
