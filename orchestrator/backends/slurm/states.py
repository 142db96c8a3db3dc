"""SLURM's job states, and the attempt states they mean."""

import logging
import signal
from collections.abc import Mapping
from typing import NamedTuple

from trainer.errors import ExitCode
from trainer.record import State

STATES: Mapping[str, State] = {
    # pending, or to be requeued by SLURM
    "PENDING": State.PENDING,
    "CONFIGURING": State.PENDING,
    "REQUEUED": State.PENDING,
    "REQUEUE_FED": State.PENDING,
    "REQUEUE_HOLD": State.PENDING,
    "RESV_DEL_HOLD": State.PENDING,
    "SPECIAL_EXIT": State.PENDING,
    "POWER_UP_NODE": State.PENDING,
    "EXPEDITING": State.PENDING,
    # on their nodes
    "RUNNING": State.RUNNING,
    "COMPLETING": State.RUNNING,
    "RESIZING": State.RUNNING,
    "SIGNALING": State.RUNNING,
    "STAGE_OUT": State.RUNNING,
    "STOPPED": State.RUNNING,
    "SUSPENDED": State.RUNNING,
    "UPDATE_DB": State.RUNNING,
    # ended by the cluster: the attempt can be resumed
    "TIMEOUT": State.PREEMPTED,
    "PREEMPTED": State.PREEMPTED,
    "DEADLINE": State.PREEMPTED,
    "NODE_FAIL": State.LOST,
    "BOOT_FAIL": State.LOST,
    "LAUNCH_FAILED": State.LOST,
    "RECONFIG_FAIL": State.LOST,
    "REVOKED": State.LOST,
    # ended by a user, or by itself
    "CANCELLED": State.CANCELLED,
    "COMPLETED": State.DONE,
    "FAILED": State.FAILED,
    "OUT_OF_MEMORY": State.FAILED,
}

UNSETTLED = frozenset({"NODE_FAIL", "BOOT_FAIL", "LAUNCH_FAILED", "RECONFIG_FAIL", "PREEMPTED", "REVOKED"})
"""States that SLURM may report for some seconds before it requeues a job."""

ASKED_TO_STOP = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2})
"""Signals that ask a job to stop; they kill one that does not handle them yet."""

FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGHUP})
"""Signals that end a job without its fault."""


class JobRow(NamedTuple):
    """SLURM's report of a job: its state, its exit code, and the signal that ended it (0: none)."""

    word: str
    exit_code: int = 0
    signal: int = 0


def meaning(row: JobRow) -> State:
    """Return the state of a job's attempt. An unknown state counts as running, so that nothing is submitted twice."""
    state = STATES.get(row.word)
    if state is None:
        logging.getLogger(__name__).warning("SLURM reports the unknown state %s, which is treated as running", row.word)
        return State.RUNNING
    return _failure(row) if row.word == "FAILED" else state


def _failure(row: JobRow) -> State:
    """Return the state that a failed job means. A shell reports death by a signal as exit code 128 + signal."""
    number = row.signal or max(0, row.exit_code - 128)
    if row.exit_code == ExitCode.RUN_AGAIN or number in ASKED_TO_STOP:
        return State.PREEMPTED
    return State.LOST if number in FROM_OUTSIDE else State.FAILED
