"""Polling SLURM: few commands, and every form of their output."""

from collections.abc import Sequence

import pytest

from orchestrator.backends.slurm.poll import Poller
from orchestrator.backends.slurm.replies import read_sacct, read_squeue
from orchestrator.backends.slurm.states import JobRow
from orchestrator.errors import BackendError

SQUEUE = """\
70|0|COMPLETED|0|
70|1|FAILED|19200|
70|2|RUNNING|0|
75|N/A|FAILED|9|
"""


ARRAY = "85_[8-10,12%4]|PENDING|0:0\n85_1|CANCELLED by 0|0:15\n9|TIMEOUT|0:0\n"


class FakeSlurm:
    """Prints the given output, and counts the commands."""

    def __init__(self, squeue: str = "", sacct: str | BackendError = "") -> None:
        self.answers: dict[str, str | BackendError] = {"squeue": squeue, "sacct": sacct}
        self.asked: list[str] = []

    def __call__(self, command: Sequence[str]) -> str:
        self.asked.append(command[0])
        answer = self.answers[command[0]]
        if isinstance(answer, BackendError):
            raise answer
        return answer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_squeue_tells_states_and_wait_statuses() -> None:
    assert read_squeue(SQUEUE).rows == {
        "70_0": JobRow("COMPLETED"),
        "70_1": JobRow("FAILED", exit_code=75),
        "70_2": JobRow("RUNNING"),
        "75": JobRow("FAILED", signal=9),
    }


def test_sacct_tells_states_and_ranges() -> None:
    rows = read_sacct(ARRAY, [f"85_{index}" for index in range(20)]).rows
    assert rows["85_1"] == JobRow("CANCELLED", signal=15)
    assert rows["9"] == JobRow("TIMEOUT")
    assert {key for key, row in rows.items() if row.word == "PENDING"} == {"85_8", "85_9", "85_10", "85_12"}


def test_all_jobs_are_asked_for_together_and_only_once_in_an_interval() -> None:
    slurm, clock = FakeSlurm(SQUEUE), Clock()
    poller = Poller(10.0, slurm, clock)
    for clock.now in (0.0, 3.0, 9.9):
        poller.rows(["70_0", "70_1", "70_2", "75"])
    assert slurm.asked == ["squeue"]
    clock.now = 10.0
    poller.rows(["70_0"])
    assert slurm.asked == ["squeue", "squeue"]


def test_a_job_not_heard_of_before_is_asked_for_at_once() -> None:
    slurm = FakeSlurm(SQUEUE)
    poller = Poller(10.0, slurm, Clock())
    poller.rows(["70_0"])
    slurm.answers["squeue"] = SQUEUE + "90|N/A|PENDING|0|\n"
    assert poller.rows(["90"]) == {"90": JobRow("PENDING")}


def test_accounting_is_asked_only_for_what_squeue_has_forgotten() -> None:
    slurm = FakeSlurm(SQUEUE, "60|COMPLETED|0:0\n")
    assert Poller(10.0, slurm, Clock()).rows(["70_0", "60"])["60"] == JobRow("COMPLETED")
    assert slurm.asked == ["squeue", "sacct"]


def test_an_unknown_job_has_no_row_and_is_not_polled_repeatedly() -> None:
    slurm, clock = FakeSlurm(SQUEUE), Clock()
    poller = Poller(10.0, slurm, clock)
    assert poller.rows(["61"]) == {}
    assert poller.rows(["61"]) == {}
    assert slurm.asked == ["squeue", "sacct"]


def test_a_cluster_without_accounting_just_forgets_old_jobs() -> None:
    disabled = BackendError("sacct: Slurm accounting storage is disabled", retryable=True)
    assert Poller(10.0, FakeSlurm(SQUEUE, disabled), Clock()).rows(["60"]) == {}


def test_unresponsive_accounting_is_a_temporary_failure() -> None:
    down = BackendError("sacct: error: slurm_persist_conn_open_without_init", retryable=True)
    with pytest.raises(BackendError, match="sacct"):
        Poller(10.0, FakeSlurm(SQUEUE, down), Clock()).rows(["60"])
