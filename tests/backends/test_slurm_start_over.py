"""A SLURM job whose trial starts over is requeued as long as the new training makes progress."""

from pathlib import Path

from orchestrator.backends.slurm.task import is_worth_requeueing
from orchestrator.plan.decide import Rules
from trainer.files import append_lines, replace_file
from trainer.record import RunDir, RunRecord, State
from trainer.recording.fence import Fence
from trainer.recording.set_aside import set_aside


def preempted(run: RunDir, attempt: int, kimg: float, start: float) -> None:
    append_lines(run.ticks, [{"attempt": attempt, "kimg": kimg}])
    about = {"attempt": attempt, "state": State.PREEMPTED, "horizon_kimg": 99, "started": 0, "updated": 1, "host": "h"}
    record = RunRecord.model_validate({**about, "pid": 1, "kimg": kimg, "resumed_from_kimg": start})
    replace_file(run.record(attempt), record.model_dump_json())


def test_a_trial_that_starts_over_need_not_come_as_far_as_before_to_be_requeued(tmp_path: Path) -> None:
    run, allowed = RunDir(tmp_path), Rules().stalls_allowed
    preempted(run, 1, 50.0, 0.0)
    set_aside(run, 2, Fence(run.lease, 2))
    for number in range(allowed):
        preempted(run, 2 + number, 1.0 + number, number)
    assert is_worth_requeueing(run, 1)
    for number in range(allowed):
        preempted(run, 2 + allowed + number, allowed, allowed)
    assert not is_worth_requeueing(run, 1)
