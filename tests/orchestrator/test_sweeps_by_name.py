"""The name of a sweep means the file that it was last run from, in every working directory."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from orchestrator.commands.targets import sweep_file
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.errors import StoreError
from orchestrator.evidence.pack import pack
from orchestrator.plan.plan_document import write_plan
from orchestrator.store.layout import Store
from tests.orchestrator.test_run import adasweep
from tests.support.tiny_sweep import SWEEP
from trainer.command_line.sweeps import stored_name

OTHER = SWEEP.replace("augment: [none, ada]", "augment: [none, {type: fixed, p: 0.5}]")
FILE = Path("sweep.yaml")


@pytest.fixture
def other(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A second project, into which the user goes after a sweep was planned in a first one."""
    for name, text in (("first", SWEEP), ("second", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / FILE).write_text(text)
    monkeypatch.chdir(tmp_path / "first")
    write_plan(store, plan_sweep(store, Request(FILE)))
    assert sweep_file(store, "test", "")[0] == FILE
    monkeypatch.chdir(tmp_path / "second")
    return tmp_path / "second"


def test_a_name_does_not_mean_a_file_of_the_same_path_in_another_working_directory(store: Store, other: Path) -> None:
    file = other.parent / "first" / FILE
    assert sweep_file(store, "test", "")[0] == file
    file.unlink()
    with pytest.raises(StoreError, match=f"its file {file} does not exist"):
        sweep_file(store, "test", "")


def test_another_file_of_the_same_relative_path_is_told_apart(store: Store, other: Path) -> None:
    (line,) = [line for line in plan_sweep(store, Request(FILE)).cautions if "last run from" in line]
    assert line.startswith(f"sweep test was last run from {other.parent / 'first' / FILE}, and lacks ")
    write_plan(store, plan_sweep(store, Request(FILE)))
    (other / FILE).write_text(OTHER.replace("[20, 40]", "[20]"))
    same = Path("..", "second", FILE)
    assert not [line for line in plan_sweep(store, Request(same)).cautions if "last run from" in line]


def test_a_pack_does_not_tell_where_the_file_was(store: Store, other: Path) -> None:
    assert json.loads(store.plan("test").read_text())["file_from_store"].endswith("first/sweep.yaml")
    manifest = pack(store, "test", other / "test.zip")
    (plan,) = [file for file in manifest.files if file.kind == "plan"]
    with ZipFile(other / "test.zip") as archive:
        packed = json.loads(archive.read(f"objects/{plan.sha256}"))
    assert packed["file"] == "sweep.yaml"
    assert "file_from_store" not in packed


@pytest.mark.parametrize("command", ["table", "status"])
def test_commands_on_a_file_say_that_it_was_edited_since_it_was_run(store: Store, tmp_path: Path, command: str) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(SWEEP)
    write_plan(store, plan_sweep(store, Request(file)))
    file.write_text(SWEEP.replace("augment: [none, ada]", "augment: [none]"))
    done = adasweep(store, command, file, "--json")
    assert (done.returncode, done.stderr) == (0, note(file))
    assert "augment=ada" in json.dumps(json.loads(done.stdout))


def note(file: Path) -> str:
    return f"note: {file} is not as it was when test was last run, which is what this command is about\n"


def test_only_an_edited_file_or_one_that_it_includes_is_told(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "below").mkdir()
    file, included = tmp_path / "sweep.yaml", tmp_path / "below" / "first.yaml"
    included.write_text(SWEEP)
    file.write_text("include: below/first.yaml\nsweep: test\n")
    write_plan(store, plan_sweep(store, Request(file)))
    for edited in (file, included):
        before = edited.read_text()
        for text, told in ((before, ""), (before + "question: why\n", note(file)), (before, "")):
            edited.write_text(text)
            assert stored_name(store.root, str(file)) == "test"
            assert capsys.readouterr().err == told
    for names in ("[below/first.yaml, missing.yaml, sweep.yaml]", "~no-user/first.yaml", '"a\\0b"', "[{}]", ""):
        file.write_text(f"include: {names}\nsweep: test\n")
        for sweep, told in ((str(file), note(file)), ("test", "")):
            assert stored_name(store.root, sweep) == "test"
            assert capsys.readouterr().err == told
