"""Several processes that share a batch: real CPU ranks on this machine."""

import subprocess
import sys
import time
from typing import Any

import pytest
import torch

from tests.support.trials import TrialMaker
from trainer.errors import UserError
from trainer.files import read_lines
from trainer.record import RunDir, State, read_record
from trainer.runtime.launch import launch
from trainer.runtime.ranks import Place, find_place, first_host
from trainer.runtime.world import World, joined
from trainer.state import checkpoint

TOLERANCE = 2e-4
METHOD = {"augment": {"type": "ada", "horizon_kimg": 0.2, "interval": 2, "p_initial": 0.3}}
SHORT = {"horizon_kimg": 0.064, "checkpoint_every_kimg": 0.032, "tick_kimg": 0.032}


def train(trials: TrialMaker, run: RunDir, ranks: int, attempt: int = 1, **options: Any) -> int:
    trials.job(run, attempt, **{**SHORT, **options})
    return launch(["run", "--dir", str(run.path), "--attempt", str(attempt)], ranks)


def stats(run: RunDir) -> list[dict[str, Any]]:
    return [{**row["stats"], "p": row["p"], "r_t": row["r_t"], "r_v": row["r_v"]} for row in read_lines(run.ticks)]


@pytest.mark.slow
def test_two_ranks_do_what_one_does(trials: TrialMaker) -> None:
    one, two = trials.make("one", **METHOD), trials.make("two", **METHOD)
    assert train(trials, one, 1) == train(trials, two, 2) == 0
    for mine, theirs in zip(stats(two), stats(one), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-3, abs=TOLERANCE)
    got, expected = (checkpoint.found(run.checkpoints)[0].load() for run in (two, one))
    assert got is not None
    assert expected is not None
    assert got.keys() == expected.keys()
    worst = {name: float((got[name].double() - expected[name].double()).abs().max()) for name in got}
    assert {name: error for name, error in worst.items() if error > TOLERANCE and "optimizer" not in name} == {}
    logits = [list(read_lines(run.path / "logits.jsonl")) for run in (one, two)]
    assert [sum(row["validation"]) for row in logits[0]] == [sum(row["validation"]) for row in logits[1]]
    assert len(checkpoint.found(two.checkpoints)) == 2

    assert train(trials, two, 1, attempt=2, horizon_kimg=0.072) == 0
    events = list(read_lines(two.events))
    assert [row["event"] for row in events] == ["start", "done", "world-size-changed", "resume", "done"]
    assert (events[2]["before"], events[2]["world_size"]) == (2, 1)


@pytest.mark.slow
def test_statistics_of_the_whole_batch_need_a_rank_for_each_micro_batch(trials: TrialMaker) -> None:
    biggan = {"type": "biggan", "z_dim": 12, "channels": 2, "attention": 8, "standing_passes": 2, "statistics": "batch"}
    critic = {"type": "biggan", "channels": 2, "attention": 8}
    run = trials.make("joined", preset="biggan", generator=biggan, discriminator=critic)
    assert train(trials, run, 2) == 0
    assert train(trials, run, 1, attempt=2, horizon_kimg=0.072) == 2
    record = read_record(run.record(2))
    assert record is not None
    assert record.message.endswith("1 processes cannot normalise by the statistics of 2 micro-batches; use 2")


@pytest.mark.slow
def test_one_failing_rank_stops_all(trials: TrialMaker) -> None:
    run = trials.make("broken")
    number = trials.job(run, horizon_kimg=50)
    words = ["run", "--dir", str(run.path), "--attempt", str(number), "--ranks", "2"]
    parent = subprocess.Popen([sys.executable, "-m", "trainer", *words], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not run.ticks.exists():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    children = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True, check=True)
    record = read_record(run.record(1))
    assert record is not None
    (other,) = (pid for pid in children.stdout.split() if int(pid) != record.pid)
    subprocess.run(["kill", "-9", other], check=True)
    _, printed = parent.communicate(timeout=60)
    assert parent.returncode == 70
    assert "another process of this run vanished" in printed
    record = read_record(run.record(1))
    assert record is not None
    assert record.state is State.FAILED


def test_micro_batches_must_share_out() -> None:
    with (
        pytest.raises(UserError, match="3 processes cannot evenly divide 2 micro-batches; use a divisor of 2"),
        joined(Place(0, 3), 2),
    ):
        pass


def test_micro_batches_are_distributed_and_none_is_lost() -> None:
    dealt = [list(World(rank, 3).micro_batches(6)) for rank in range(3)]
    assert sorted(shard for part in dealt for shard in part) == list(range(6))
    assert {len(part) for part in dealt} == {2}


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, Place()),
        (
            {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "a", "MASTER_PORT": "7"},
            Place(3, 4, 1, "a", 7),
        ),
        (
            {
                "SLURM_PROCID": "5",
                "SLURM_NTASKS": "8",
                "SLURM_LOCALID": "1",
                "SLURM_JOB_ID": "40001",
                "SLURM_JOB_NODELIST": "gpu[03-06]",
            },
            Place(5, 8, 1, "gpu03", 15001),
        ),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}, Place()),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "1"}, Place()),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "WORLD_SIZE": "1"}, Place()),
    ],
)
def test_place_is_read_from_the_environment(environment: dict[str, str], place: Place) -> None:
    assert find_place(environment) == place


@pytest.mark.parametrize(
    ("nodes", "first"),
    [("gpu1", "gpu1"), ("gpu[003-005,7],big1", "gpu003"), ("a,b", "a"), ("n[1-2]x,m", "n1x"), ("", "")],
)
def test_first_host_of_a_node_list(nodes: str, first: str) -> None:
    assert first_host(nodes) == first


def test_a_world_of_one_needs_no_messages() -> None:
    world, tensor = World(), torch.ones(3)
    world.sum_([tensor])
    assert tensor.tolist() == [1, 1, 1]
    assert world.gather([1]) == [1]
    assert not world.any(False)
