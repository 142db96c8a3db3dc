"""Optuna's samplers, by ask and tell. The journal is a file in the store; there is no server, and no job runs Optuna.

The journal has the number and the values of each sampled configuration. Its state and result are in the trials'
directories.
"""

import logging
import os
import time
import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FixedTrial, FrozenTrial, Trial, TrialState

from orchestrator.errors import StoreError
from orchestrator.search.engine import Result, Suggestion
from orchestrator.sweep.search_space import Applies, Point, Search, sampled

OPEN = frozenset({TrialState.RUNNING})
REPEATED = "repeated"
"""Marks repeated configurations in the journal."""


@dataclass
class OptunaEngine:
    """One study: a search space, and the results so far."""

    search: Search
    study: optuna.Study
    applies: Applies

    def asked(self, kept: Collection[Point] = ()) -> list[Suggestion]:
        """Return all configurations sampled so far, in order; complete the last one if its sampling was interrupted.

        `kept` are those that the plan has. A journal that lacks some of them, or has other incomplete ones, was
        damaged: what is incomplete in it is dropped, and says nothing about the search.
        """
        trials = [trial for trial in self.study.get_trials(deepcopy=False) if _was_asked(trial)]
        points = {trial.number: point for trial in trials if (point := self._stored(trial)) is not None}
        has_all = all(point in points.values() for point in kept) and len(points) < self.search.trials
        found = []
        for trial in trials:
            is_open = trial.state in OPEN
            if trial.number in points:
                found.append(Suggestion(trial.number, points[trial.number], is_open))
            elif is_open and has_all and trial is trials[-1]:
                found.append(self._asked(trial.number, is_open))
            elif is_open:
                self.drop(trial.number)
        return found

    def ask(self) -> Suggestion:
        """Return another configuration, a function of the search's seed and all earlier results."""
        self.study.sampler = sampler_of(self.search, len(self.study.get_trials(deepcopy=False)))
        return self._asked(self.study.ask().number, True)

    def drop(self, number: int) -> None:
        """Drop a configuration that repeats an earlier one."""
        trial = self._trial(number)
        trial.set_user_attr(REPEATED, True)
        self.study.tell(trial, state=TrialState.FAIL)

    def tell(self, number: int, result: Result) -> None:
        """Report the result of a configuration, with its intermediate scores."""
        trial = self._trial(number)
        reported = self.study.get_trials(deepcopy=False)[number].intermediate_values
        for kimg, score in result.curve.items():
            if _step(kimg) not in reported:
                trial.report(score, _step(kimg))
        if result.stopped:
            self.study.tell(trial, state=TrialState.PRUNED)
        elif result.score is None:
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            self.study.tell(trial, result.score)

    def expect(self, points: Iterable[Point]) -> None:
        """Make `ask` return these configurations next: they were sampled in an earlier study."""
        for point in points:
            self.study.enqueue_trial({key: self.search.space[key].token(value) for key, value in point.items()})

    def _stored(self, trial: FrozenTrial) -> Point | None:
        """Return the configuration of a trial; None if values are missing, or are none of the search space."""
        try:
            return sampled(self.search.space, FixedTrial(trial.params), self.applies)
        except ValueError:
            return None

    def _asked(self, number: int, is_open: bool) -> Suggestion:
        """Return a configuration: stored values are reused, missing ones are sampled."""
        return Suggestion(number, sampled(self.search.space, self._trial(number), self.applies), is_open)

    def _trial(self, number: int) -> Trial:
        return Trial(self.study, self.study.get_trials(deepcopy=False)[number]._trial_id)


def open_engine(place: Path, name: str, search: Search, applies: Applies) -> OptunaEngine:
    """Return the study called `name` in the journal at `place`; create it if necessary.

    A journal that cannot be parsed is set aside, with a warning: the plan also has the configurations.
    Raises OSError if the file system fails, which says nothing about the journal, and StoreError if it is no file.
    """
    if os.path.lexists(place) and not place.is_file():
        raise StoreError(place, "is no file", "move it away and run again: the plan also has the configurations")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    place.parent.mkdir(parents=True, exist_ok=True)
    _cut_torn_line(place)
    try:
        study = _study(place, name, search)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a damaged journal: Optuna raises many types of exceptions
        if not place.exists():
            raise
        aside = place.rename(place.with_name(f"{place.name}.unreadable-{time.time_ns()}"))
        why = f"{type(error).__name__}: {error}"
        logging.getLogger(__name__).warning("%s cannot be read (%s); set aside as %s", place, why, aside.name)
        study = _study(place, name, search)
    return OptunaEngine(search, study, applies)


def _study(place: Path, name: str, search: Search) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(place))),
            study_name=name,
            direction="minimize",
            sampler=sampler_of(search, 0),
            load_if_exists=True,
        )


def _was_asked(trial: FrozenTrial) -> bool:
    return trial.state is not TrialState.WAITING and REPEATED not in trial.user_attrs


def _cut_torn_line(journal: Path) -> None:
    """Remove an incomplete last line left by a crash: Optuna would append to it, and then reject the file."""
    if not journal.exists():
        return
    with journal.open("r+b") as file:
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        os.fsync(file.fileno())


def sampler_of(search: Search, asked: int) -> BaseSampler:
    """Return the sampler of a search that has sampled `asked` configurations."""
    seed = search.seed * 100_003 + asked
    if search.sampler == "random":
        return RandomSampler(seed=seed)
    return TPESampler(n_startup_trials=search.startup, seed=seed, constant_liar=True)


def _step(kimg: float) -> int:
    return round(kimg * 1000)
