"""Ranks that see different checkpoints, as on nodes whose file systems lag, resume from one that all have."""

import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

from tests.support.trials import TrialMaker
from trainer.__main__ import main
from trainer.attempt.assemble import make_parts, restore_or_start
from trainer.attempt.run import read_attempt
from trainer.errors import ExitCode
from trainer.record import RunDir, RunRecord, State
from trainer.recording.fence import Fence
from trainer.recording.reporter import SilentReporter
from trainer.runtime.world import World
from trainer.state import checkpoint

FORK = multiprocessing.get_context("fork")


def restored(rank: int, meeting: Path, run: RunDir, queue: "multiprocessing.Queue[Any]") -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    attempt = read_attempt(run.path, 1)
    record = RunRecord(attempt=1, state=State.RUNNING, kimg=0, horizon_kimg=1, started=0, updated=0, host="", pid=0)
    state = make_parts(attempt.config, torch.device("cpu")).state
    restore_or_start(state, attempt, SilentReporter(run, record, Fence(run.path, 1)), World(rank, 2))
    queue.put(state.images)
    dist.destroy_process_group()


@pytest.mark.parametrize("behind", [0, 1])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_all_ranks_resume_from_the_newest_checkpoint_that_all_can_read(
    trials: TrialMaker, tmp_path: Path, behind: int, damage: str
) -> None:
    run = trials.make("whole")
    trials.job(run, horizon_kimg=0.08)
    assert main(["run", "--dir", str(run.path), "--attempt", "1"]) == ExitCode.DONE
    late = RunDir(Path(shutil.copytree(run.path, tmp_path / "late" / "whole")))
    newest = checkpoint.found(late.checkpoints)[0].path
    newest.unlink() if damage == "missing" else newest.write_bytes(newest.read_bytes()[:99])
    queue = FORK.Queue()
    places = [late if rank == behind else run for rank in range(2)]
    processes = [FORK.Process(target=restored, args=(rank, tmp_path / "m", places[rank], queue)) for rank in range(2)]
    for process in processes:
        process.start()
    assert [queue.get(timeout=60) for _ in processes] == [40, 40]
    for process in processes:
        process.join()
