"""Leases: the exclusive right to write to a directory, with a monotonically increasing fencing token.

The holder is determined by files `leases/000001`, `leases/000002`, ...: each is created atomically and exclusively (by
a hard link, which is atomic on shared file systems) and never changed; the highest number is the current token.
`lease.json` is the holder's heartbeat. A holder that has died, or has not sent a heartbeat for TTL_SECONDS, is
superseded by the first process that creates the next number; it notices at its next heartbeat, its worker at its next
write.

`leases/000001.ended` means that the holder of token 1 has released the lease or has died on this host, so that none of
its writes is still in progress. If it is missing, the next holder must assume one (`orchestrator.supervisor.takeover`).

When a cluster requeues a job, it has given up the previous run, although that run's heartbeat may look alive and the
process may still be running on an unreachable node. A later run of the same job may therefore supersede it at once.
"""

import contextlib
import errno
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import LeaseHeld, LeaseSuperseded, SetupError
from orchestrator.store.process_id import ProcessId
from trainer.config.spec import Settings
from trainer.config.stored import Moment, WholeNumber, read_document
from trainer.files import create_file, remove_marked, replace_file
from trainer.recording.fence import ENDED

BEAT_SECONDS = float(os.environ.get("ADASWEEP_BEAT_SECONDS", "5"))
TTL_SECONDS = 12 * BEAT_SECONDS

TOKEN = re.compile(r"[0-9]{6,15}")

CLAIM_JOB = "ADASWEEP_CLAIM_JOB"
CLAIM_RUN = "ADASWEEP_CLAIM_RUN"
RUN_NUMBER = re.compile(r"[0-9]{1,9}")


class JobRun(Settings):
    """The cluster job that this process is a run of, and the number of the run: every requeue increments it."""

    job: str
    run: int

    @classmethod
    def of_environment(cls) -> "JobRun | None":
        """Return the job run that the backend put into the environment, or None. Raises SetupError for half of one."""
        job, run = os.environ.get(CLAIM_JOB), os.environ.get(CLAIM_RUN, "")
        if job and not RUN_NUMBER.fullmatch(run):
            raise SetupError(CLAIM_JOB, f"is set, but {CLAIM_RUN} is no number", "unset it: only adasweep sets both")
        return cls(job=job, run=int(run)) if job else None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that pass this to a supervisor."""
        return {CLAIM_JOB: self.job, CLAIM_RUN: str(self.run)}

    def succeeds(self, other: "JobRun | None") -> bool:
        """Return whether this is a later run of the job that `other` was a run of."""
        return other is not None and self.job == other.job and self.run > other.run


class Holder(Settings):
    """lease.json: the holder of a token, and when it expires without another heartbeat."""

    token: WholeNumber
    owner: ProcessId
    expires: Moment
    released: bool = False
    claim: JobRun | None = None

    def is_alive(self, now: float) -> bool:
        """Return whether this holder still holds the lease."""
        return not self.released and now < self.expires and not self.owner.is_gone


NO_FOLDER = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""Why a folder cannot be listed if there is none."""


@dataclass
class Lease:
    """A lease on `directory` held by this process."""

    directory: Path
    holder: Holder

    @property
    def token(self) -> int:
        return self.holder.token

    def check(self) -> None:
        """Raise LeaseSuperseded if another process has taken over. Leases guard the writes of their holder."""
        top = _top_token(self.directory)
        if top != self.token:
            raise LeaseSuperseded(f"{self.directory}: token {self.token} was superseded by {top}")

    def raised_above(self, token: int) -> "Lease":
        """Return this lease with a token above `token`, under which files of tokens up to it may be added."""
        if token < self.token:
            return self
        self.check()
        raised = Lease(self.directory, self.holder.model_copy(update={"token": token + 1}))
        _claim(self.directory, raised.holder)
        raised.beat()
        return raised

    def beat(self) -> None:
        """Renew the lease. Raises LeaseSuperseded if another process has taken over."""
        self._write(expires=time.time() + TTL_SECONDS)

    def release(self) -> None:
        """Release the lease, so that other processes need not wait for it to expire."""
        with contextlib.suppress(LeaseSuperseded, OSError):
            self._write(released=True)
            _mark_ended(self.directory, self.token)

    def _write(self, **changes: float | bool) -> None:
        self.check()
        self.holder = self.holder.model_copy(update=changes)
        replace_file(self.directory / "lease.json", self.holder.model_dump_json(), self)


def acquire(directory: Path, now: float | None = None) -> Lease:
    """Acquire the lease on `directory` with a new token. Raises LeaseHeld if a live process holds it."""
    now = time.time() if now is None else now
    top, claim = _top_token(directory), JobRun.of_environment()
    held = _holder_of(directory, top)
    if held and held.is_alive(now) and not (claim and claim.succeeds(held.claim)):
        raise LeaseHeld(f"{directory}: held by process {held.owner.pid} on {held.owner.host} (token {held.token})")
    token = top + 1  # from the same listing as `held`: if another process claims it in between, this claim fails
    fresh = Holder(token=token, owner=ProcessId.of(os.getpid()), expires=now + TTL_SECONDS, claim=claim)
    _claim(directory, fresh)
    remove_marked(directory, token)
    _mark_all_ended(directory, token)
    lease = Lease(directory, fresh)
    lease.beat()
    return lease


def holder(directory: Path) -> Holder | None:
    """Return the holder of the lease on `directory`, alive or not; None if there never was one."""
    return _holder_of(directory, _top_token(directory))


def _holder_of(directory: Path, token: int) -> Holder | None:
    current = _read(directory / "lease.json")
    if current and current.token == token:
        return current
    return _read(directory / "leases" / f"{token:06d}")


def _claim(directory: Path, fresh: Holder) -> None:
    """Create the file of a token atomically. Raises LeaseHeld if another process was first."""
    if not create_file(directory / "leases" / f"{fresh.token:06d}", fresh.model_dump_json()):
        raise LeaseHeld(f"{directory}: another process took token {fresh.token} first")


def _mark_all_ended(directory: Path, below: int) -> None:
    """Mark the earlier tokens whose holders are known to have ended."""
    for token in range(1, below):
        held = None if _ended(directory, token).exists() else _holder_of(directory, token)
        if held and (held.released or held.owner.is_gone):
            _mark_ended(directory, token)


def _mark_ended(directory: Path, token: int) -> None:
    _ended(directory, token).touch()


def _ended(directory: Path, token: int) -> Path:
    return directory / "leases" / f"{token:06d}{ENDED}"


def _top_token(directory: Path) -> int:
    try:
        return max((int(name) for name in os.listdir(directory / "leases") if TOKEN.fullmatch(name)), default=0)
    except OSError as error:
        if error.errno not in NO_FOLDER:
            raise
        return 0


def _read(path: Path) -> Holder | None:
    return read_document(path, Holder)
