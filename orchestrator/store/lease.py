"""Leases: the right to write in one place, held by one process at a time, with a fencing token that only grows.

Who holds it is decided by files `leases/000001`, `leases/000002`, ...: each is created whole and exclusively (a hard
link, atomic on every shared file system), never changed, and the highest number is the token in force. `lease.json`
beside them is the holder's heartbeat and what others read. A holder that has died, or has not beaten for TTL_SECONDS,
is superseded by whoever first creates the next number; it finds out at its next beat, its worker at its next write.

Beside it, `leases/000001.ended` says that the holder of token 1 has released it, or has died on this host: nothing it
began goes on. Where that is missing, whoever comes next takes care (`orchestrator.supervisor.takeover`).

A cluster that runs one of its jobs again has given up the run before, though that run's heartbeat may look alive, and
though it may even live on where the cluster lost sight of it: a later run of the same job may supersede it at once.
"""

import contextlib
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import LeaseHeld, LeaseSuperseded
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


class JobRun(Settings):
    """Of which job of a cluster this process is a run, and which: every requeue counts one up."""

    job: str
    run: int

    @classmethod
    def of_environment(cls) -> "JobRun | None":
        """Return the claim that the backend put into the environment, or None."""
        job = os.environ.get(CLAIM_JOB)
        return cls(job=job, run=int(os.environ[CLAIM_RUN])) if job else None

    @property
    def environment(self) -> dict[str, str]:
        """What tells the claim to a supervisor."""
        return {CLAIM_JOB: self.job, CLAIM_RUN: str(self.run)}

    def succeeds(self, other: "JobRun | None") -> bool:
        """Return whether this is a later run of the job that `other` was a run of."""
        return other is not None and self.job == other.job and self.run > other.run


class Holder(Settings):
    """What `lease.json` says: who holds which token, and until when unless it beats again."""

    token: WholeNumber
    owner: ProcessId
    expires: Moment
    released: bool = False
    claim: JobRun | None = None

    def is_alive(self, now: float) -> bool:
        """Return whether this holder must be left alone."""
        return not self.released and now < self.expires and not self.owner.is_gone


@dataclass
class Lease:
    """A lease this process holds on `directory`."""

    directory: Path
    holder: Holder

    @property
    def token(self) -> int:
        return self.holder.token

    def check(self) -> None:
        """Raise LeaseSuperseded when somebody has taken over: a lease is the guard of what its holder writes."""
        top = _top_token(self.directory)
        if top != self.token:
            raise LeaseSuperseded(f"{self.directory}: token {self.token} was superseded by {top}")

    def beat(self) -> None:
        """Prolong the lease. Raises LeaseSuperseded when somebody has taken over."""
        self._write(expires=time.time() + TTL_SECONDS)

    def release(self) -> None:
        """Release the lease, so that no other process has to wait for it to expire."""
        with contextlib.suppress(LeaseSuperseded, OSError):
            self._write(released=True)
            _mark_ended(self.directory, self.token)

    def _write(self, **changes: float | bool) -> None:
        self.check()
        self.holder = self.holder.model_copy(update=changes)
        replace_file(self.directory / "lease.json", self.holder.model_dump_json(), self)


def acquire(directory: Path, now: float | None = None) -> Lease:
    """Return the lease on `directory` with a new token. Raises LeaseHeld when somebody alive has it."""
    now = time.time() if now is None else now
    top, claim = _top_token(directory), JobRun.of_environment()
    held = _holder_of(directory, top)
    if held and held.is_alive(now) and not (claim and claim.succeeds(held.claim)):
        raise LeaseHeld(f"{directory}: held by process {held.owner.pid} on {held.owner.host} (token {held.token})")
    token = top + 1  # of the same look as `held`: who claims in between takes this number, and ours is refused
    fresh = Holder(token=token, owner=ProcessId.of(os.getpid()), expires=now + TTL_SECONDS, claim=claim)
    _claim(directory, fresh)
    remove_marked(directory, token)
    _mark_all_ended(directory, token)
    lease = Lease(directory, fresh)
    lease.beat()
    return lease


def holder(directory: Path) -> Holder | None:
    """Return who holds the lease on `directory`, alive or not; None when nobody ever did."""
    return _holder_of(directory, _top_token(directory))


def _holder_of(directory: Path, token: int) -> Holder | None:
    beating = _read(directory / "lease.json")
    if beating and beating.token == token:
        return beating
    return _read(directory / "leases" / f"{token:06d}")


def _claim(directory: Path, fresh: Holder) -> None:
    """Create the file of a token, whole and exclusively. Raises LeaseHeld where another process was faster."""
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
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _read(path: Path) -> Holder | None:
    return read_document(path, Holder)
