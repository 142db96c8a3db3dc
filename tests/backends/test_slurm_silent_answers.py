"""Answers of SLURM from which an active job must not be taken for a lost one, or a passing state for a failure."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.backends.slurm import backend as slurm_backend
from orchestrator.backends.slurm.backend import SlurmBackend
from orchestrator.backends.slurm.commands import CommandResult, run_slurm_command
from orchestrator.backends.slurm.poll import SQUEUE
from orchestrator.backends.slurm.profile import Profile
from orchestrator.backends.slurm.replies import read_squeue
from orchestrator.backends.slurm.states import JobRow
from orchestrator.backends.slurm.submission import AtLimit, Limit, Refused, refusal, with_way_out
from orchestrator.errors import BackendError
from orchestrator.store.handle import Handle
from orchestrator.store.layout import Store
from trainer.record import State

EAGER = Profile(poll_seconds=0, settle_seconds=0)
HANDLE = Handle(backend="slurm", key="4711_0", trial="0" * 12, attempt=1)
POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


class Answers:
    """Answers commands by name, and keeps them."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.commands: list[Sequence[str]] = []

    def __call__(self, command: Sequence[str]) -> str:
        self.commands.append(command)
        return self.answers.get(command[0], "")


@pytest.mark.parametrize(
    "errors",
    [
        "slurm_load_jobs error: Socket timed out on send/recv operation",
        "slurm_load_jobs error: Insane message length",
        "sacct: error: slurm_persist_conn_open: Something happened with the receiving/processing of the response",
        "sacct: error: Problem talking to the database: Connection refused",
        "scancel: error: Kill job error on job id 4711: Unable to contact slurm controller (connect failure)",
    ],
)
def test_a_command_without_an_answer_has_failed_whatever_its_exit_code(errors: str) -> None:
    with pytest.raises(BackendError) as caught:
        run_slurm_command(["sh", "-c", 'echo "$0" >&2', errors])
    assert caught.value.retryable


def test_other_words_of_a_site_beside_an_empty_answer_are_no_failure() -> None:
    assert run_slurm_command(["sh", "-c", "echo 'squeue: error: unrecognized key: Foo' >&2"]) == ""


def test_jobs_of_hidden_partitions_are_asked_for() -> None:
    assert "--all" in SQUEUE


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_void_copy_of_a_job_in_a_federation_does_not_hide_the_job(order: Sequence[int]) -> None:
    lines = ("4711|0|RUNNING|0|", "4711|0|REVOKED|0|")
    assert read_squeue("\n".join(lines[index] for index in order)).rows == {"4711_0": JobRow("RUNNING")}


def test_a_job_that_only_accounting_calls_active_is_waited_for_and_then_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = SlurmBackend(Store(tmp_path), EAGER, Answers(sacct="4711_0|RUNNING|0:0\n"))
    start = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: start)
    assert backend.states([HANDLE]) == {HANDLE: State.RUNNING}
    start += slurm_backend.RUNAWAY_SECONDS - 1
    assert backend.states([HANDLE]) == {HANDLE: State.RUNNING}
    start += 2
    assert backend.states([HANDLE]) == {HANDLE: State.LOST}


def test_a_job_that_squeue_lists_again_is_waited_for_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(sacct="4711_0|RUNNING|0:0\n")
    backend = SlurmBackend(Store(tmp_path), EAGER, answers)
    start = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: start)
    backend.states([HANDLE])
    answers.answers["squeue"] = "4711|0|RUNNING|0|\n"
    start += 2 * slurm_backend.RUNAWAY_SECONDS
    assert backend.states([HANDLE]) == {HANDLE: State.RUNNING}
    answers.answers["squeue"] = ""
    assert backend.states([HANDLE]) == {HANDLE: State.RUNNING}


@pytest.mark.parametrize("flag", ["clusters", "cluster"])
def test_other_jobs_are_looked_for_on_the_clusters_of_the_profile(tmp_path: Path, flag: str) -> None:
    answers = Answers(squeue="CLUSTER: beta\n12|N/A|RUNNING|0|\n")
    backend = SlurmBackend(Store(tmp_path), Profile(flags={flag: "beta"}), answers)
    limit = AtLimit("sbatch: job submit limit", Limit.UNCLEAR)
    assert backend._classified(limit) is limit
    assert answers.commands == [(*SQUEUE, "--clusters=beta")]


@pytest.mark.parametrize(
    "text",
    [
        "Required partition not available (inactive or drain)",
        "Required node not available (down, drained or reserved)",
        "Requested nodes are busy",
        "Requested reservation not usable now",
        "Requested operation is presently disabled",
        "I/O error writing script/environment to file",
        "Protocol authentication error",
    ],
)
def test_a_cluster_that_takes_no_jobs_at_present_is_waited_for(text: str) -> None:
    found = refusal(CommandResult(1, "", f"sbatch: error: Batch job submission failed: {text}\n"))
    assert isinstance(found, Refused)
    assert found.retryable


def test_what_sbatch_tried_again_by_itself_does_not_hide_a_permanent_refusal() -> None:
    busy = "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying."
    found = refusal(CommandResult(1, "", f"{busy}\nsbatch: error: Batch job submission failed: Invalid account\n"))
    assert isinstance(found, Refused)
    assert not found.retryable


def test_a_budget_that_is_used_up_is_told_as_such() -> None:
    assert "left of a budget" in with_way_out(f"sbatch: AssocGrpBillingMinutes; Batch job submission failed: {POLICY}")
