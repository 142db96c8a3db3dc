"""Energy from SLURM's accounting: which attempt it belongs to, and when it is requested at all."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.backends.slurm.accounting import METHOD, account, consumed
from orchestrator.backends.slurm.commands import RunCommand
from orchestrator.backends.slurm.flags import Flags
from orchestrator.backends.slurm.profile import Profile
from orchestrator.store.handle import Handle, write_handle
from orchestrator.store.layout import Store
from tests.orchestrator.attempts import new_attempt, new_trial
from trainer.files import replace_file
from trainer.record import RunDir, RunRecord, State

EXCLUSIVE = Profile(flags={"exclusive": True})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def run(store: Store) -> RunDir:
    return new_trial(store)


def attempt(run: RunDir, number: int, key: str = "", state: State = State.DONE) -> Path:
    """Write an attempt: a submitted one with a key, else one that SLURM requeued itself."""
    new_attempt(run)
    record = RunRecord(
        attempt=number,
        work="train",
        state=state,
        kimg=1.0,
        horizon_kimg=1.0,
        started=0.0,
        updated=1.0,
        host="here",
        pid=1,
    )
    replace_file(run.record(number), record.model_dump_json())
    if key:
        write_handle(run.attempt(number), Handle(backend="slurm", key=key, trial=run.path.name, attempt=number))
    return run.attempt(number)


def asking(answers: str) -> tuple[RunCommand, list[Sequence[str]]]:
    asked: list[Sequence[str]] = []

    def ask(command: Sequence[str]) -> str:
        asked.append(command)
        return answers

    return ask, asked


def test_each_attempt_gets_the_energy_of_its_own_job_once(store: Store, run: RunDir) -> None:
    first, second = attempt(run, 1, "7_0", State.PREEMPTED), attempt(run, 2, "8")
    ask, asked = asking("7_0|3600\n7_1|11\n8|720\n")
    assert account(store, EXCLUSIVE, ask) == 2
    reported = [json.loads((one / "accounting.json").read_text()) for one in (first, second)]
    assert reported == [{"joules": 3600.0, "method": METHOD}, {"joules": 720.0, "method": METHOD}]
    assert asked[0][-1] == "--jobs=7,8"
    assert account(store, EXCLUSIVE, ask) == 0
    assert len(asked) == 1


@pytest.mark.parametrize("flags", [{}, {"exclusive": False}, {"exclusive": "user"}, {"exclusive": "mcs"}])
def test_without_nodes_of_their_own_jobs_are_not_asked_for(store: Store, run: RunDir, flags: Flags) -> None:
    attempt(run, 1, "7")
    ask, asked = asking("7|3600\n")
    assert (account(store, Profile(flags=flags), ask), asked) == (0, [])


def test_jobs_that_still_run_or_ran_twice_have_no_energy_of_their_own(store: Store, run: RunDir) -> None:
    attempt(run, 1, "7", State.PREEMPTED)
    attempt(run, 2)
    attempt(run, 3, "8", State.RUNNING)
    ask, asked = asking("7|3600\n8|3600\n")
    assert (account(store, EXCLUSIVE, ask), asked) == (0, [])


def test_jobs_that_were_not_metered_are_left_out() -> None:
    assert consumed("1|\n2|0\n3|18446744073709551614\n4|5\n") == {"4": 5.0}
