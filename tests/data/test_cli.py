"""`data` on the command line: results on standard output, all else on standard error, user errors in one line."""

import json
from pathlib import Path

import pytest

from tests.data.pictures import folder_set, zip_set
from trainer.__main__ import main
from trainer.config.dataset.describe import NAMED_SETS


def data(*arguments: object) -> int:
    return main(["data", *map(str, arguments)])


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADASWEEP_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


def test_get_describe_and_list_speak_json(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert data("get", "fashion-mnist-10k", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"fashion-mnist-10k": str(store / "data" / "fashion-mnist-10k.zip")}
    assert data("describe", "fashion-mnist-10k", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["images"], facts["settings"]["fit"]) == (10_000, "pad")
    assert data("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed["here"]) == ["fashion-mnist-10k"]
    assert list(listed["to_get"]) == [name for name in NAMED_SETS if name != "fashion-mnist-10k"]


def test_prepare_with_a_bare_name_writes_to_the_store(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = folder_set(tmp_path / "cats", 3, side=16)
    assert data("prepare", source, "cats", "--resolution", 8, "--filter", "box", "--json") == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(store / "data" / "cats.zip")
    assert data("prepare", source, "cats", "--resolution", 8) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert data("prepare", source, tmp_path / "here.zip", "--max-images", 2) == 0
    assert (tmp_path / "here.zip").exists()


def test_verify_ends_with_2_when_there_is_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_set(tmp_path / "cats", 3)
    assert data("verify", folder) == 0
    (folder / "00000/img00000002.png").write_bytes(b"no image")
    assert data("verify", folder, "--json") == 2
    assert "img00000002.png" in capsys.readouterr().out


def test_a_mistake_is_one_line_and_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zip_set(tmp_path / "cats.zip", 3)
    assert data("describe", "cat", "--data-dir", tmp_path) == 2
    spoken = capsys.readouterr()
    assert spoken.out == ""
    assert spoken.err == f"adasweep: error: cat: no data set of this name in {tmp_path}; did you mean cats?\n"


@pytest.mark.parametrize("command", ["get", "prepare", "verify", "describe", "list"])
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert data(command, "--help") == 0
    assert f"adasweep data {command} " in capsys.readouterr().out


def test_all_images_of_a_large_set_are_reported_in_a_few_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert data("verify", zip_set(tmp_path / "many.zip", 100, side=4)) == 0
    assert capsys.readouterr().err.splitlines() == [f"many.zip: {part} of 100" for part in (25, 50, 75, 100)]
