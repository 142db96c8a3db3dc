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
from tests.support.tiny_sweep import SWEEP

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
