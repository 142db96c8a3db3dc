"""Every SLURM job state, and what it means for an attempt."""

import logging
import signal
from collections.abc import Mapping
from typing import NamedTuple

from trainer.errors import ExitCode
from trainer.record import State

STATES: Mapping[str, State] = {
    # waiting, or coming back by itself
    "PENDING": State.PENDING,
    "CONFIGURING": State.PENDING,
    "REQUEUED": State.PENDING,
    "REQUEUE_FED": State.PENDING,
    "REQUEUE_HOLD": State.PENDING,
    "RESV_DEL_HOLD": State.PENDING,
    "SPECIAL_EXIT": State.PENDING,
    "POWER_UP_NODE": State.PENDING,
    "EXPEDITING": State.PENDING,
    # on its nodes
    "RUNNING": State.RUNNING,
    "COMPLETING": State.RUNNING,
    "RESIZING": State.RUNNING,
    "SIGNALING": State.RUNNING,
    "STAGE_OUT": State.RUNNING,
    "STOPPED": State.RUNNING,
    "SUSPENDED": State.RUNNING,
    "UPDATE_DB": State.RUNNING,
    # ended by the cluster: what was saved can be taken up again
    "TIMEOUT": State.PREEMPTED,
    "PREEMPTED": State.PREEMPTED,
    "DEADLINE": State.PREEMPTED,
    "NODE_FAIL": State.LOST,
    "BOOT_FAIL": State.LOST,
    "LAUNCH_FAILED": State.LOST,
    "RECONFIG_FAIL": State.LOST,
    "REVOKED": State.LOST,
    # ended by a person, or by itself
    "CANCELLED": State.CANCELLED,
    "COMPLETED": State.DONE,
    "FAILED": State.FAILED,
    "OUT_OF_MEMORY": State.FAILED,
}

UNSETTLED = frozenset({"NODE_FAIL", "BOOT_FAIL", "LAUNCH_FAILED", "RECONFIG_FAIL", "PREEMPTED", "REVOKED"})
"""States that SLURM may show for some seconds of a job which it is about to requeue."""

ASKED_TO_STOP = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2})
"""Signals that ask a job to stop; they kill one that has only just started and cannot listen yet."""

FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGHUP})
"""Signals that end a job although it did nothing wrong."""


class JobRow(NamedTuple):
    """What SLURM says of a job: its state in a word, its exit code, and the signal that ended it (0: none)."""

    word: str
    exit_code: int = 0
    signal: int = 0


def meaning(row: JobRow) -> State:
    """Return the state of a job's attempt. An unknown word counts as running, so that nothing is submitted twice."""
    state = STATES.get(row.word)
    if state is None:
        logging.getLogger(__name__).warning("SLURM reports the state %s, which is taken for running", row.word)
        return State.RUNNING
    return _failure(row) if row.word == "FAILED" else state


def _failure(row: JobRow) -> State:
    """Return why a job failed. A shell reports a process killed by a signal as 128 + the signal's number."""
    number = row.signal or max(0, row.exit_code - 128)
    if row.exit_code == ExitCode.RUN_AGAIN or number in ASKED_TO_STOP:
        return State.PREEMPTED
    return State.LOST if number in FROM_OUTSIDE else State.FAILED
