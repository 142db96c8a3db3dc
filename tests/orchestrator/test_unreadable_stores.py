"""What a colleague keeps from this user is not taken for what has never run: one line says which folder it is."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.orchestrator.test_corrupt_stores import whole as whole
from trainer.errors import ExitCode

NOBODY = 65534
RIGHTS = "-dac_override,-dac_read_search,-fowner,-chown"
WITHOUT_RIGHTS = ("setpriv", "--bounding-set", RIGHTS, "--inh-caps", RIGHTS)
"""Root without the rights by which it reads and writes what is not its own."""


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
    place.mkdir(exist_ok=True)
    try:
        shutil.chown(place, NOBODY)
    except PermissionError:
        pytest.skip("only root can give a folder to somebody else")
    place.chmod(0o700)
    commands = (
        ["pack", "two", "--out", tmp_path / "two.zip"],
        ["status"],
        ["plan", whole / "two.yaml"],
        ["why", trial.name],
        ["run", whole / "two.yaml"],
    )
    for words in commands[folder == "TRIAL/checkpoints" :]:  # a pack may leave checkpoints out
        command = [*WITHOUT_RIGHTS, sys.executable, "-m", "orchestrator", *map(str, words), "--store", str(store)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (ExitCode.USER_ERROR, "")
        told = f"adasweep: error: {place}: cannot be read (permission denied); ask its owner to make it readable\n"
        assert done.stderr == told


@pytest.mark.parametrize("words", [["record"], ["record", "--rebuild"], ["doctor"]])
def test_a_database_that_may_not_be_read_is_told_so_and_stays_where_it_is(
    whole: Path, tmp_path: Path, words: list[str]
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole / "store", store)
    database = store / "mlflow.db"
    database.write_bytes(b"a colleague's")
    try:
        shutil.chown(database, NOBODY)
    except PermissionError:
        pytest.skip("only root can give a file to somebody else")
    database.chmod(0o000)
    command = [*WITHOUT_RIGHTS, sys.executable, "-m", "orchestrator", *words, "--store", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.USER_ERROR
    told = f"{database}: cannot be read (permission denied); ask its owner to make it readable"
    assert told in " ".join((done.stdout + done.stderr).split())
    assert database.read_bytes() == b"a colleague's"


@pytest.mark.parametrize("words", [["data", "describe"], ["data", "verify"]])
def test_a_data_set_that_may_not_be_read_is_not_called_damaged(tmp_path: Path, words: list[str]) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(b"a colleague's")
    try:
        shutil.chown(archive, NOBODY)
    except PermissionError:
        pytest.skip("only root can give a file to somebody else")
    archive.chmod(0o000)
    command = [*WITHOUT_RIGHTS, sys.executable, "-m", "orchestrator", *words, str(archive), "--store", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.USER_ERROR
    told = f"{archive}: cannot be read (permission denied); ask its owner to make it readable"
    assert done.stderr == f"adasweep: error: {told}\n"
