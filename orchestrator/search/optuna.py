"""Optuna's samplers by ask and tell. The journal is a file in the store; there is no server, and no job runs Optuna.

What the journal says of a configuration that was asked for is its number and its values. Whether it has run, and what
came out, the trials' directories say.
"""

import logging
import os
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from orchestrator.search.engine import Result, Suggestion
from orchestrator.sweep.search_space import Applies, Point, Search, sampled

OPEN = frozenset({TrialState.RUNNING})
REPEATED = "repeated"
"""Marks in the journal what was asked for before."""


@dataclass
class OptunaEngine:
    """One study: the space of a search, and what was found in it."""

    search: Search
    study: optuna.Study
    applies: Applies

    def asked(self) -> list[Suggestion]:
        """Return every configuration asked for so far, in order; one that was cut short is asked for to its end."""
        trials = [trial for trial in self.study.get_trials(deepcopy=False) if _was_asked(trial)]
        return [self._asked(trial.number, trial.state in OPEN) for trial in trials]

    def ask(self) -> Suggestion:
        """Return another configuration. What is sampled is a function of the search's seed and of all told before."""
        self.study.sampler = sampler_of(self.search, len(self.study.get_trials(deepcopy=False)))
        return self._asked(self.study.ask().number, True)

    def drop(self, number: int) -> None:
        """Take a configuration back that was asked for before."""
        trial = self._trial(number)
        trial.set_user_attr(REPEATED, True)
        self.study.tell(trial, state=TrialState.FAIL)

    def tell(self, number: int, result: Result) -> None:
        """Say what became of a configuration. Scores on the way count where it was stopped."""
        trial = self._trial(number)
        told = self.study.get_trials(deepcopy=False)[number].intermediate_values
        for kimg, score in result.curve.items():
            if _step(kimg) not in told:
                trial.report(score, _step(kimg))
        if result.stopped:
            self.study.tell(trial, state=TrialState.PRUNED)
        elif result.score is None:
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            self.study.tell(trial, result.score)

    def expect(self, points: Iterable[Point]) -> None:
        """Have `ask` return these next: they were asked for before, in a study that is no more."""
        for point in points:
            self.study.enqueue_trial({key: self.search.space[key].token(value) for key, value in point.items()})

    def _asked(self, number: int, is_open: bool) -> Suggestion:
        """Return a configuration: what was suggested before is suggested again, what is missing is sampled now."""
        return Suggestion(number, sampled(self.search.space, self._trial(number), self.applies), is_open)

    def _trial(self, number: int) -> Trial:
        return Trial(self.study, self.study.get_trials(deepcopy=False)[number]._trial_id)


def open_engine(place: Path, name: str, search: Search, applies: Applies) -> OptunaEngine:
    """Return the study called `name` in the journal at `place`, which begins if there is none.

    A journal whose content cannot be understood is set aside, with a warning: the plan also has what was suggested.
    Raises OSError where the file system fails: that says nothing about the journal.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    place.parent.mkdir(parents=True, exist_ok=True)
    _cut_torn_line(place)
    try:
        study = _study(place, name, search)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a journal that somebody has spoilt: Optuna raises whatever it stumbles over
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
    """Remove what a crash has left of a line at the end: Optuna would write on behind it, and then refuse the file."""
    if not journal.exists():
        return
    with journal.open("r+b") as file:
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        os.fsync(file.fileno())


def sampler_of(search: Search, asked: int) -> BaseSampler:
    """Return the sampler of a search that has asked for so many configurations."""
    seed = search.seed * 100_003 + asked
    if search.sampler == "random":
        return RandomSampler(seed=seed)
    return TPESampler(n_startup_trials=search.startup, seed=seed, constant_liar=True)


def _step(kimg: float) -> int:
    return round(kimg * 1000)
