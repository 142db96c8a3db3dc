"""How a trial stands, as far as its files tell: neither its lease nor the backend of its last attempt is asked."""

from dataclasses import replace

from pydantic import TypeAdapter

from trainer.record import RunDir, RunRecord, State, read_record
from trainer.recording.attempt_history import AttemptSummary, attempt_history, saved_kimg
from trainer.recording.requests import cancels, is_cancelled, stops
from trainer.recording.sweep_state import ACTIVE, Standing, unless_cancelled

_STANDING = TypeAdapter(Standing)


def standing_as_json(standing: Standing) -> str:
    """Return a standing as text; `standing_of_json` is the inverse."""
    return _STANDING.dump_json(standing).decode()


def standing_of_json(text: str) -> Standing:
    """Return the standing in a row of the table `runs`."""
    return _STANDING.validate_json(text)


def standing_of(run: RunDir) -> Standing:
    """Return how a trial stands for all sweeps; an attempt that has not ended runs, or is queued without a record."""
    history = tuple(one for one in attempt_history(run, run.attempts()) if not one.was_refused)
    if not history:
        return Standing()
    shown, state = _shown(run, history)
    standing = Standing(
        state=state,
        attempts=len(history),
        stops=stops(run),
        cancels=cancels(run),
        history=tuple(one._replace(kept=None, message="") for one in history),
    )
    return _with_record(standing, run, [one.number for one in history if one.number <= shown.number])


def _shown(run: RunDir, history: tuple[AttemptSummary, ...]) -> tuple[AttemptSummary, State]:
    """Return the attempt whose state is that of the trial: the last, or if that was an evaluation the last training."""
    last, state = history[-1], _state(run, history[-1])
    training = [one for one in history if one.work == "train"]
    if last.work == "train" or state in ACTIVE or not training:
        return last, state
    ended = _state(run, training[-1])
    return training[-1], State.LOST if ended in ACTIVE else ended


def _state(run: RunDir, attempt: AttemptSummary) -> State:
    if attempt.state is None and attempt.cancelled_by is None:
        return State.PENDING
    if attempt.state is None:  # it never began, and never will
        return State.CANCELLED if is_cancelled(run, attempt.number) else State.LOST
    return unless_cancelled(run, attempt.number, attempt.state)


def _with_record(standing: Standing, run: RunDir, numbers: list[int]) -> Standing:
    """Return a standing with the progress in the newest of the records of these attempts."""
    records = (read_record(run.record(number)) for number in reversed(numbers))
    newest = next((record for record in records if record), None)
    return _of_record(standing, newest) if newest else standing


def _of_record(standing: Standing, record: RunRecord) -> Standing:
    return replace(
        standing,
        kimg=record.kimg,
        saved_kimg=saved_kimg(record),
        horizon_kimg=record.horizon_kimg,
        diverged=record.diverged,
    )
