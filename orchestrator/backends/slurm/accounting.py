"""Energy from SLURM's accounting, for jobs with exclusive nodes.

ConsumedEnergy is measured per node (AcctGatherEnergyType), so it is an attempt's own only if the profile has
`flags: {exclusive: true}` (with `exclusive: user`, a user's jobs share the node). It becomes available some time after
a job has ended; `adasweep energy` imports it.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.backends.slurm.commands import RunCommand, cluster_option, run_slurm_command
from orchestrator.backends.slurm.profile import Profile
from orchestrator.backends.slurm.replies import JOB, by_cluster, read_numbers
from orchestrator.store.handle import read_handle
from orchestrator.store.layout import Store
from trainer.files import replace_file
from trainer.record import RunDir, State, read_record

SACCT = ("sacct", "--allocations", "--noheader", "--parsable2", "--format=JobID,ConsumedEnergyRaw")
METHOD = "SLURM ConsumedEnergy of an exclusive node"
UNKNOWN = 2**64 - 2
"""NO_VAL64, which some versions print for jobs without a reading."""


def account(store: Store, profile: Profile, run_command: RunCommand = run_slurm_command) -> int:
    """Write accounting.json for attempts with a reading in SLURM; return how many. Raises BackendError."""
    if profile.flags.get("exclusive") is not True:
        return 0
    pending = {job: attempt for trial in store.readable_ids() for job, attempt in _unaccounted(store.run(trial))}
    found: dict[Path, float] = {}
    for cluster, jobs in by_cluster(pending).items():
        known = consumed(_query(run_command, cluster, sorted(jobs)))
        found |= {pending[jobs[job]]: joules for job, joules in known.items() if job in jobs}
    for attempt, joules in found.items():
        replace_file(attempt / "accounting.json", json.dumps({"joules": joules, "method": METHOD}))
    return len(found)


def consumed(text: str) -> dict[str, float]:
    """Return the joules of each job in sacct's output; jobs without a reading are omitted."""
    return {job: joules for job, joules in read_numbers(text).items() if 0 < joules < UNKNOWN}


def _query(run_command: RunCommand, cluster: str, jobs: Sequence[str]) -> str:
    numbers = sorted({job.partition("_")[0] for job in jobs})
    return run_command((*SACCT, *cluster_option(cluster), "--starttime=1970-01-02", f"--jobs={','.join(numbers)}"))


def _unaccounted(run: RunDir) -> Iterator[tuple[str, Path]]:
    """Yield job and directory of ended attempts without accounting, unless their job was requeued."""
    numbers = run.attempts()
    for number in numbers:
        attempt, handle, record = run.attempt(number), read_handle(run.attempt(number)), read_record(run.record(number))
        if handle is None or handle.backend != "slurm" or record is None or record.state is State.RUNNING:
            continue
        was_requeued = number + 1 in numbers and read_handle(run.attempt(number + 1)) is None
        accounted = not JOB.fullmatch(handle.key) or (attempt / "accounting.json").exists()
        if not was_requeued and not accounted:
            yield handle.key, attempt
