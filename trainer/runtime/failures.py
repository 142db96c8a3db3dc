"""Failures of a run: a one-line message and an exit code, 2 for a user error, 70 for a bug."""

import errno
from typing import NamedTuple

import torch

from trainer.errors import NO_ROOM, ExitCode, OutputError, UserError

LONGEST_LINE = 300

WAYS_OUT = {
    errno.ENOSPC: "free space, then run it again: it resumes from its last checkpoint",
    errno.EDQUOT: "free space in the quota, then run it again: it resumes from its last checkpoint",
    errno.EFBIG: f"{NO_ROOM[errno.EFBIG]}, then run it again: it resumes from its last checkpoint",
    errno.EROFS: "choose a writable path",
    errno.EACCES: "choose a writable path, or request write permission",
    errno.EPERM: "choose a writable path, or request write permission",
    errno.ENOTDIR: "choose a directory",
    errno.EIO: "check the disk, then run it again: it resumes from its last checkpoint",
}


class PeerLost(Exception):
    """Another rank has failed or vanished, so this one cannot continue."""

    def __init__(self, exit_code: int, message: str) -> None:
        self.exit_code = exit_code
        super().__init__(message)


class BatchSplit(NamedTuple):
    """The sizes into which a batch is divided, to suggest smaller ones when memory runs out."""

    micro_batch: int
    minibatch_std_group: int

    def smaller(self) -> int | None:
        """Return the next smaller micro-batch that preserves minibatch_std groups, if there is one.

        It divides the current micro-batch, and so the batch.
        """
        group = min(self.minibatch_std_group, self.micro_batch)
        sizes = range(self.micro_batch // 2, group - 1, -1)
        return next((size for size in sizes if self.micro_batch % size == 0 and size % group == 0), None)


class Failure(NamedTuple):
    """The exit code and the message of a failed run."""

    exit_code: int
    message: str


def failure_of(error: Exception, split: BatchSplit | None = None) -> Failure:
    """Return the exit code and message for an exception."""
    if isinstance(error, PeerLost):
        return Failure(error.exit_code, str(error))
    if isinstance(error, UserError):
        return Failure(ExitCode.USER_ERROR, str(error))
    if is_out_of_memory(error):
        return Failure(ExitCode.USER_ERROR, _out_of_memory(split))
    if isinstance(error, OSError) and error.errno in WAYS_OUT:
        return Failure(ExitCode.USER_ERROR, str(unwritable(error)))
    return Failure(ExitCode.BUG, " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_LINE])


def unwritable(error: OSError) -> OutputError:
    """Return an OSError as an OutputError with a way out."""
    return OutputError(error.filename or "output", error.strerror or str(error), WAYS_OUT.get(error.errno or 0, ""))


def is_out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out, on the GPU or the CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def _out_of_memory(split: BatchSplit | None) -> str:
    smaller = split.smaller() if split else None
    now = f" with micro_batch {split.micro_batch}" if split else ""
    if smaller is None:
        return f"out of memory{now}; no smaller micro_batch fits: use smaller networks or a device with more memory"
    return f"out of memory{now}; try micro_batch={smaller}, which leaves the batch unchanged (but is a new trial)"
