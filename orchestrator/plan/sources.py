"""The trials that others of a plan start from, and what these wait for. Values only."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from orchestrator.plan.decide import SETTLED, SUBMITTED, TO_RUN, Action, Decision
from orchestrator.store.observe import Observed
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.trial import Source, Trial
from trainer.config.training import TransferFromTrial

SHOWN = 4
UNNEEDED = Decision(Action.REUSE, "not needed: nothing has yet to start from it")


class NeededSource(NamedTuple):
    """A trial that others start from, trained as `sweep` says, to the furthest moment that any of them asks for."""

    trial: Trial
    sweep: Sweep


class Dependent(NamedTuple):
    """A trial that starts from a snapshot of another, and what the cell of that other one is called."""

    trial: str
    start: TransferFromTrial
    source: str


def needed_sources(trials: Iterable[Trial]) -> dict[str, NeededSource]:
    """Return by id the trials that others start from, each after those that it starts from itself."""
    found: dict[str, NeededSource] = {}
    for source in {id(one): one for trial in trials if (one := trial.source)}.values():
        for each in [*reversed(list(_chain(source)))]:
            known, kimg = found.get(each.trial.id), each.snapshot.kimg
            if known is None or known.trial.horizon_kimg < kimg:
                is_whole = each.trial.horizon_kimg == kimg
                trial = each.trial if is_whole else replace(each.trial, horizon_kimg=kimg)
                found[trial.id] = NeededSource(trial, each.sweep)
    return found


def _chain(source: Source | None) -> Iterable[Source]:
    while source is not None:
        yield source
        source = source.trial.source


def other_sources(trials: Sequence[Trial]) -> dict[str, NeededSource]:
    """Return by id the trials that `trials` start from and that are none of them, in the order of training."""
    own = {trial.id for trial in trials}
    return {trial: source for trial, source in needed_sources(trials).items() if trial not in own}


def unique_trials(trials: Sequence[Trial]) -> dict[str, Trial]:
    """Return each trial once, by id: those that others start from first, in the order of training."""
    own = {trial.id: trial for trial in reversed(trials)}
    sources = needed_sources(trials)
    return {**{trial: own.get(trial, source.trial) for trial, source in sources.items()}, **own}


def dependents_of(trials: Iterable[Trial]) -> tuple[Dependent, ...]:
    """Return those of `trials` that start from others, in their order."""
    return tuple(
        Dependent(trial.id, trial.source.snapshot, trial.source.trial.cell) for trial in trials if trial.source
    )


def _without_unneeded(
    decisions: Mapping[str, Decision],
    sources: Container[str],
    dependents: Sequence[Dependent],
    observed: Mapping[str, Observed],
) -> dict[str, Decision]:
    """Return decisions in which no source is trained that nothing has yet to start from; metrics are still measured.

    `sources` are those that are no cells; `dependents` come after those that they start from.
    """
    found = dict(decisions)
    needed = set[str]()
    for one in reversed(dependents):
        if one.trial in sources and one.trial not in needed:
            continue
        if needs_start(decisions[one.trial], observed[one.trial]):
            needed.add(one.start.trial)
    for trial, decision in decisions.items():
        if trial in sources and trial not in needed and decision.action in SUBMITTED - {Action.EVALUATE}:
            found[trial] = UNNEEDED
    return found


def needs_start(decision: Decision, seen: Observed) -> bool:
    """Return whether a trial is to begin, or to start over, without a copy of what it starts from."""
    can_go_on = seen.attempts > 0 and seen.checkpoint_kimg > 0
    return decision.action in TO_RUN and decision.work == "train" and not (seen.has_start or can_go_on)


def held_back(
    decisions: Mapping[str, Decision],
    sources: Container[str],
    dependents: Sequence[Dependent],
    observed: Mapping[str, Observed],
    kept: Container[TransferFromTrial],
) -> dict[str, Decision]:
    """Return decisions in which nothing starts from a snapshot that is not there, and no source is trained in vain.

    `sources` are those that are no cells; `dependents` come after those that they start from; `kept` are the snapshots
    that are there.
    """
    found = _without_unneeded(decisions, sources, dependents, observed)
    for one in dependents:
        decision = found[one.trial]
        if needs_start(decision, observed[one.trial]):
            source = observed.get(one.start.trial)
            moments = sorted(source.measured.snapshots) if source else []
            found[one.trial] = _once_there(decision, one, found[one.start.trial], one.start in kept, moments)
    return found


def _once_there(
    decision: Decision, one: Dependent, source: Decision, is_kept: bool, moments: Sequence[float]
) -> Decision:
    who = f"its source {one.start.trial} ({one.source})"
    if is_kept and (source.action is Action.REUSE or not one.start.best_by):
        return decision
    if source.action not in SETTLED:
        return decision._replace(action=Action.WAIT, reason=f"waits for {who}: {source.reason}")
    if source.action is Action.REUSE:
        return decision._replace(action=Action.BLOCKED, reason=_unkept(who, one.start, source, moments))
    return decision._replace(action=Action.BLOCKED, reason=f"{who} is {source.action.value}: {source.reason}")


def _unkept(who: str, start: TransferFromTrial, source: Decision, moments: Sequence[float]) -> str:
    """Return that a source was trained past a snapshot without keeping it, and what helps."""
    there = ", ".join(f"{kimg:g}" for kimg in moments[-SHOWN:])
    kept = (
        f"it keeps those at {there} kimg: end it there (horizon_kimg of its cell), or give it" if moments else "give it"
    )
    return f"{who} keeps no {start.moment}: {source.reason}; {kept} another seed, which is trained anew"
