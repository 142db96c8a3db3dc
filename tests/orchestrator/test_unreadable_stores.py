"""What a colleague keeps from this user is not taken for what has never run: one line says which folder it is."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.plan.plan_document import write_plan
from orchestrator.store.layout import Store
from tests.orchestrator.test_corrupt_stores import SWEEP, finish
from tests.orchestrator.test_corrupt_stores import whole as whole
from trainer.errors import ExitCode

NOBODY = 65534
RIGHTS = "-dac_override,-dac_read_search,-fowner,-chown"
WITHOUT_RIGHTS = ("setpriv", "--bounding-set", RIGHTS, "--inh-caps", RIGHTS)
"""Root without the rights by which it reads and writes what is not its own."""


TOLD = "cannot be read (permission denied); ask its owner to make it readable"


def keep_for_another(place: Path) -> None:
    """Make a file, or a folder that may be missing, one that only somebody else may read."""
    if not place.exists():
        place.mkdir()
    try:
        shutil.chown(place, NOBODY)
    except PermissionError:
        pytest.skip("only root can give a file to somebody else")
    place.chmod(0o700)


def adasweep(store: Path, *words: object) -> "subprocess.CompletedProcess[str]":
    """Run a command over a store without the rights of root."""
    command = [*WITHOUT_RIGHTS, sys.executable, "-m", "orchestrator", *map(str, words), "--store", str(store)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def add_sweep(store: Store, file: Path, seeds: str) -> list[str]:
    """Write a sweep of other seeds, whose trials are done; return these."""
    file.write_text(SWEEP.replace("two", file.stem).replace("[0, 1]", seeds))
    plan = plan_sweep(store, Request(file))
    write_plan(store, plan)
    for trial in plan.trials:
        store.create_trial(trial)
        finish(store.run(trial.id))
    return [trial.id for trial in plan.trials]


@pytest.mark.parametrize(
    "folder", ["SHARD", "TRIAL", "TRIAL/attempts", "TRIAL/attempts/001", "TRIAL/leases", "TRIAL/checkpoints", "sweeps"]
)
def test_a_folder_that_may_not_be_read_is_named_and_its_trial_is_not_called_new(
    whole: Path, tmp_path: Path, folder: str
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole / "store", store)
    trial = next(store.glob("trials/*/*"))
    place = store / folder.replace("SHARD", f"trials/{trial.parent.name}").replace("TRIAL", str(trial))
    keep_for_another(place)
    commands = (
        ["pack", "two", "--out", tmp_path / "two.zip"],
        ["status"],
        ["plan", whole / "two.yaml"],
        ["why", trial.name],
        ["logs", trial.name],
        ["run", whole / "two.yaml"],
        ["store", "prune", "--snapshots"],
    )
    other = {"pack", "logs"} if folder == "TRIAL/checkpoints" else set[str]()  # both go without checkpoints
    for words in commands:
        if words[0] in other:
            continue
        done = adasweep(store, *words)
        assert (done.returncode, done.stdout) == (ExitCode.USER_ERROR, "")
        assert done.stderr == f"adasweep: error: {place}: {TOLD}\n"


@pytest.mark.parametrize("folder", ["", "attempts"])
def test_what_concerns_no_folder_that_may_not_be_read_goes_on(whole: Path, tmp_path: Path, folder: str) -> None:
    store, file = tmp_path / "store", tmp_path / "other.yaml"
    shutil.copytree(whole / "store", store)
    kept = next(store.glob("trials/*/*"))
    trial, *_ = add_sweep(Store(store), file, "[2, 3]")
    place = kept / folder if folder else kept.parent
    keep_for_another(place)
    for words in (
        ["plan", file],
        ["run", file],
        ["status", "other"],
        ["why", trial],
        ["logs", trial],
        ["pack", "other", "--out", tmp_path / "other.zip"],
    ):
        done = adasweep(store, *words)
        assert (done.returncode, "cannot be read" in done.stdout + done.stderr) == (ExitCode.DONE, False)
    every = adasweep(store, "status")
    assert (every.returncode, trial in every.stdout, every.stderr) == (ExitCode.DONE, True, "")
    assert f"two is not shown: {place}: {TOLD}\n" in every.stdout


def test_what_is_recorded_names_a_folder_that_may_not_be_read_and_its_record_is_kept(
    whole: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole / "store", store)
    place = next(store.glob("trials/*"))
    keep_for_another(place)
    recorded, again = adasweep(store, "record"), adasweep(store, "record", "--rebuild")
    assert recorded.returncode == ExitCode.DONE
    assert f"skipped: {place}: {TOLD}\n" in recorded.stdout
    assert (again.returncode, again.stderr) == (ExitCode.USER_ERROR, f"adasweep: error: {place}: {TOLD}\n")


def test_a_sweep_that_may_not_be_read_is_told_as_such_and_stays_in_the_lists(whole: Path, tmp_path: Path) -> None:
    store, file = tmp_path / "store", tmp_path / "other.yaml"
    shutil.copytree(whole / "store", store)
    add_sweep(Store(store), file, "[2, 3]")
    place = store / "sweeps" / "two"
    keep_for_another(place)
    for words in (["status", "two"], ["table", "two"], ["run", whole / "two.yaml"], ["store", "prune", "--snapshots"]):
        done = adasweep(store, *words)
        assert done.returncode == ExitCode.USER_ERROR
        assert done.stderr.splitlines()[-1] == f"adasweep: error: {place}: {TOLD}"
    for words in (["status"], ["store", "list"], ["energy"]):
        done = adasweep(store, *words)
        assert done.returncode == ExitCode.DONE
        assert f"{place}: {TOLD}" in done.stdout + done.stderr


@pytest.mark.parametrize("folder", ["SHARD", "TRIAL", "TRIAL/attempts"])
def test_tables_call_a_trial_that_may_not_be_read_unreadable(whole: Path, tmp_path: Path, folder: str) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole / "store", store)
    trial = next(store.glob("trials/*/*"))
    place = store / folder.replace("SHARD", f"trials/{trial.parent.name}").replace("TRIAL", str(trial))
    assert "2 done" in adasweep(store, "table", "two").stdout
    keep_for_another(place)
    for words in (["table", "two"], ["collect"], ["energy", "two"], ["energy"], ["report", "two"]):
        done = adasweep(store, *words)
        assert done.returncode == ExitCode.DONE
        assert done.stdout.count(f"skipped {place}: {TOLD}") == 1
    assert "1 done, 1 unreadable" in adasweep(store, "table", "two").stdout


@pytest.mark.parametrize("words", [["record"], ["record", "--rebuild"], ["doctor"]])
def test_a_database_that_may_not_be_read_is_told_so_and_stays_where_it_is(
    whole: Path, tmp_path: Path, words: list[str]
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole / "store", store)
    database = store / "mlflow.db"
    database.write_bytes(b"a colleague's")
    keep_for_another(database)
    done = adasweep(store, *words)
    assert done.returncode == ExitCode.USER_ERROR
    assert f"{database}: {TOLD}" in " ".join((done.stdout + done.stderr).split())
    assert database.read_bytes() == b"a colleague's"


@pytest.mark.parametrize("words", [["data", "describe"], ["data", "verify"]])
def test_a_data_set_that_may_not_be_read_is_not_called_damaged(tmp_path: Path, words: list[str]) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(b"a colleague's")
    keep_for_another(archive)
    done = adasweep(tmp_path, *words, archive)
    assert done.returncode == ExitCode.USER_ERROR
    assert done.stderr == f"adasweep: error: {archive}: {TOLD}\n"
