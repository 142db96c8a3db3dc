"""Bundled sweeps can be named by a unique prefix, listed, and copied together with the files they include."""

import os
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.errors import PlanError
from orchestrator.store.layout import Store
from orchestrator.sweep.bundled import FOLDER, PUBLISHED, bundled, bundled_named, nearest_bundled
from tests.support.small_disk import fill, mounted

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("ada/fig1_sizes", "ada/fig11_small", "demo", "laptop/bcr"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("ada/fig1_sizes", "ada/fig1_sizes.yaml"),
        ("ada/fig1", "ada/fig1_sizes.yaml"),
        ("ada/fig11", "ada/fig11_small.yaml"),
        ("laptop/b", "laptop/bcr.yaml"),
        ("bcr", None),
        ("adaa", None),
    ],
)
def test_the_unique_beginning_of_a_name_is_enough(folder: Path, name: str, file: str | None) -> None:
    assert bundled_named(name, folder) == (folder / file if file else None)


def test_a_beginning_of_several_names_lists_them(folder: Path) -> None:
    with pytest.raises(PlanError, match="ada/fig11_small, ada/fig1_sizes"):
        bundled_named("ada/", folder)


@pytest.mark.parametrize(("name", "near"), [("bc", "laptop/bcr"), ("ada/figg1", "ada/fig1"), ("zzz", "")])
def test_a_misspelt_name_suggests_the_nearest(folder: Path, name: str, near: str) -> None:
    assert near in nearest_bundled(name, folder)


def test_a_copy_brings_what_it_includes_and_overwrites_nothing(tmp_path: Path, capsys: Capture) -> None:
    assert main(["sweeps", "copy", "laptop/bcr", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bcr.yaml", "few_images.yaml"]
    assert main(["sweeps", "copy", "laptop/bcr", str(tmp_path)]) == 2
    assert "already exists" in capsys.readouterr().err


def test_a_folder_whose_name_is_too_long_is_told_in_one_line(capsys: Capture) -> None:
    assert main(["sweeps", "copy", "laptop/bcr", "x" * 300]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(": has too long a name, or is a link to one; move it away, or choose another place")


def test_a_link_to_nowhere_in_the_place_of_the_folder_is_told_in_one_line(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "missing" / "folder")
    assert main(["sweeps", "copy", "laptop/bcr", str(tmp_path / "link")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("link: is a file where a folder belongs; move it away, or choose another place")


def test_a_copy_that_a_full_disk_cut_off_is_completed(tmp_path: Path, capsys: Capture) -> None:
    with mounted(tmp_path / "disk", "64k") as disk:
        filler = fill(disk)
        os.truncate(filler, filler.stat().st_size - 4096)  # there is space for one of two files
        assert main(["sweeps", "copy", "laptop/bcr", str(disk)]) == 2
        assert "no space left on device" in capsys.readouterr().err
        assert len(list(disk.glob("*.yaml"))) == 1
        filler.unlink()
        assert main(["sweeps", "copy", "laptop/bcr", str(disk)]) == 0
        assert sorted(path.name for path in disk.iterdir()) == ["bcr.yaml", "few_images.yaml"]


def test_a_bundled_sweep_can_be_planned_by_its_name(store: Store, capsys: Capture) -> None:
    assert main(["plan", "ada/fig7", "--store", str(store.root)]) == 2
    assert "fig7_training_set.yaml:12: grid.data[0]: ffhq-256: no data set of this name" in capsys.readouterr().err


def test_every_bundled_sweep_is_listed_with_its_question_and_tiers(capsys: Capture) -> None:
    assert main(["sweeps"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in bundled())
    assert len(bundled()) == len(set(FOLDER.rglob("*.yaml")) - set(PUBLISHED.iterdir()))
