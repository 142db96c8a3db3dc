"""Every command that looks or cancels, on trials that wait for their source, whatever becomes of that in SLURM."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.store.layout import Store
from orchestrator.store.lease import acquire
from tests.backends.fake_slurm import FakeSlurm
from tests.backends.test_slurm_store_states import (
    ASLEEP,
    COMMANDS,
    FAILED,
    GONE,
    PENDING,
    Change,
    Place,
    State,
    carried_out,
)
from tests.backends.test_slurm_store_states import slurm as slurm
from tests.support.tiny_sweep import write_data_set
from trainer.errors import ExitCode
from trainer.record import RunDir

CHAIN = """\
sweep: test
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
cells:
  a: {augment: none}
  b: {transfer: {cell: a}}
seeds: [0]
horizon_kimg: 1
metrics: []
"""
TOLD = {"attempt": 1, "kimg": 0.5, "horizon_kimg": 1, "started": 1, "updated": 1, "pid": 7, "host": "h"}


def _ended(state: str, **more: object) -> Change:
    record = TOLD | {"state": state} | more
    return lambda place: (place.attempt / "record.json").write_text(json.dumps(record))


def _done_with_its_snapshot(place: Place) -> None:
    _ended("done", kimg=1, exit_code=0)(place)
    run = RunDir(place.attempt.parent.parent)
    run.snapshots.mkdir()
    run.snapshot(1000).write_text("{}")


STATES = {
    "the source waits in the queue": State(lambda _place: None, "waiting"),
    "the source runs": State(lambda place: acquire(place.attempt.parent.parent), "waiting"),
    "the source was refused": State(lambda place: shutil.rmtree(place.attempt), "waiting"),
    "the source has no folder": State(lambda place: shutil.rmtree(place.attempt.parent.parent), "waiting"),
    "the source's handle is missing": State(lambda place: (place.attempt / "handle.json").unlink(), "waiting"),
    "the source is lost": State(_ended("lost", exit_code=None), "waiting"),
    "the source was preempted": State(_ended("preempted", exit_code=75), "waiting"),
    "the source failed": State(_ended("failed", exit_code=2, message="data: no such folder"), "new"),
    "the source is done, without its snapshot": State(_ended("done", kimg=1, exit_code=0), "new"),
    "the source is done": State(_done_with_its_snapshot, "new"),
}
WHY = {
    "the source waits in the queue": ("wait", "waits for its source"),
    "the source failed": ("blocked", "is blocked: failed: data: no such folder"),
    "the source is done, without its snapshot": ("blocked", "keeps no snapshot"),
    "the source is done": ("new", "never run"),
}


@pytest.fixture(scope="session")
def chain_submitted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a trial that waits in SLURM, as job 4700, and one that starts from it."""
    root = tmp_path_factory.mktemp("chain")
    write_data_set(root / "store" / "data" / "tiny.zip")
    (root / "chain.yaml").write_text(CHAIN)
    with pytest.MonkeyPatch.context() as patch:
        FakeSlurm(root / "bin", patch).set(squeue=f"{PENDING}\n")
        words = ["run", str(root / "chain.yaml"), "--backend", "slurm", "--detach", "--live-code"]
        assert main([*words, "--store", str(root / "store")]) == ExitCode.RUN_AGAIN
    return root


@pytest.fixture
def place(chain_submitted_once: Path, tmp_path: Path, slurm: FakeSlurm) -> Place:
    """The store an hour later, to be changed; its attempt is that of the source."""
    shutil.copytree(chain_submitted_once / "store", tmp_path / "store")
    slurm.set(squeue=PENDING)
    store = Store(tmp_path / "store")
    [source] = store.ids()
    attempt = store.run(source).attempt(1)
    for path in (*attempt.iterdir(), attempt):
        os.utime(path, (time.time() - 3600,) * 2)
    return Place(store, chain_submitted_once / "chain.yaml", attempt)


def dependent(place: Place) -> str:
    cells = json.loads(place.store.plan("test").read_text())["cells"]
    return next(str(cell["trial"]) for cell in cells if cell["name"] == "b")


@pytest.mark.parametrize("state", STATES)
def test_every_command_ends_well_or_in_one_line_whatever_becomes_of_the_source(
    place: Place, slurm: FakeSlurm, capfd: pytest.CaptureFixture[str], state: str
) -> None:
    STATES[state].change(place)
    waiting = dependent(place)
    for answer in (PENDING, ASLEEP, GONE, FAILED):
        slurm.set(squeue=answer)
        for command in (*COMMANDS, *(f"{word} {waiting}" for word in ("why", "logs", "cancel"))):
            code, out, err = carried_out(place, command, capfd)
            assert code in (ExitCode.DONE, ExitCode.USER_ERROR), f"{command}, {answer}: {out}{err}"
            assert "Traceback" not in err
            assert (out, err.count("adasweep: error: ")) == ("", 1) if code else "error: " not in err
            assert not code or err.count("\n") == 1, err


@pytest.mark.parametrize("state", STATES)
def test_a_trial_that_waits_is_shown_as_it_stands(place: Place, capfd: pytest.CaptureFixture[str], state: str) -> None:
    STATES[state].change(place)
    code, out, _ = carried_out(place, "status test", capfd, "--json")
    assert code == ExitCode.DONE
    shown = {trial["cell"]: trial["state"] for trial in json.loads(out)["sweeps"][0]["trials"]}
    assert shown["b"] == STATES[state].shown


@pytest.mark.parametrize("state", WHY)
def test_why_says_what_a_trial_waits_for(place: Place, capfd: pytest.CaptureFixture[str], state: str) -> None:
    STATES[state].change(place)
    code, out, _ = carried_out(place, f"why {dependent(place)}", capfd, "--json")
    assert code == ExitCode.DONE
    [told] = json.loads(out)["sweeps"]
    action, reason = WHY[state]
    assert told["action"] == action
    assert reason in told["reason"]
