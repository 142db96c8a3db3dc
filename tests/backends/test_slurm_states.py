"""The meaning of SLURM's job states."""

import pytest

from orchestrator.backends.slurm.states import STATES, UNSETTLED, JobRow, meaning
from trainer.record import State

DOCUMENTED = set(
    """
BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PENDING PREEMPTED RUNNING SUSPENDED TIMEOUT
COMPLETING CONFIGURING EXPEDITING LAUNCH_FAILED POWER_UP_NODE RECONFIG_FAIL REQUEUED REQUEUE_FED REQUEUE_HOLD RESIZING
RESV_DEL_HOLD REVOKED SIGNALING SPECIAL_EXIT STAGE_OUT STOPPED UPDATE_DB
""".split()  # noqa: SIM905
)
"""The states and flags of SLURM's page "Job State Codes"."""


def test_every_documented_state_has_a_meaning() -> None:
    assert set(STATES) == DOCUMENTED


def test_unsettled_states_are_states() -> None:
    assert set(STATES) >= UNSETTLED


def test_an_unknown_state_is_not_taken_for_an_end(caplog: pytest.LogCaptureFixture) -> None:
    assert meaning(JobRow("HIBERNATING")) is State.RUNNING
    assert "HIBERNATING" in caplog.text


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (JobRow("COMPLETED"), State.DONE),
        (JobRow("FAILED", exit_code=1), State.FAILED),
        (JobRow("FAILED", exit_code=2), State.FAILED),
        (JobRow("FAILED", exit_code=75), State.PREEMPTED),
        (JobRow("FAILED", signal=9), State.LOST),
        (JobRow("FAILED", exit_code=137), State.LOST),
        (JobRow("FAILED", exit_code=143), State.PREEMPTED),
        (JobRow("FAILED", signal=12), State.PREEMPTED),
        (JobRow("FAILED", signal=11), State.FAILED),
        (JobRow("FAILED", exit_code=139), State.FAILED),
        (JobRow("TIMEOUT"), State.PREEMPTED),
        (JobRow("NODE_FAIL"), State.LOST),
        (JobRow("CANCELLED", signal=15), State.CANCELLED),
        (JobRow("OUT_OF_MEMORY", signal=9), State.FAILED),
    ],
)
def test_an_ending_means(row: JobRow, state: State) -> None:
    assert meaning(row) is state
