"""A node copies an archive to its own disk before decoding it: once, checked, and removed afterwards."""

import multiprocessing
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from tests.data.pictures import folder_set, pixels, zip_set
from trainer.config.dataset.describe import describe
from trainer.data import staging
from trainer.data.cache import decoded
from trainer.data.staging import staged
from trainer.errors import DataError, OutputError

CONTEXT = multiprocessing.get_context("fork")
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder on the node's own disk."""
    monkeypatch.setenv("ADASWEEP_STAGE", str(tmp_path / "disk"))
    return tmp_path / "disk"


def use(path: Path, wanted: str, store: Path) -> None:
    assert (decoded(path, wanted, store).images[7].transpose(1, 2, 0) == pixels(7)).all()


def test_two_workers_at_once_copy_an_archive_once_and_leave_decoded_images_alone(
    tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, log = zip_set(tmp_path / "cats.zip", 300), tmp_path / "copies"
    copy = staging._copy

    def counted(source: Path, target: Path) -> None:
        with log.open("a", encoding="ascii") as file:
            file.write("one\n")
        copy(source, target)

    monkeypatch.setattr(staging, "_copy", counted)
    wanted = describe(path, tmp_path).fingerprint
    workers = [CONTEXT.Process(target=use, args=(path, wanted, tmp_path / "store")) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert log.read_text().split() == ["one"]
    assert sorted(entry.name for entry in disk.iterdir()) == [f"decoded-{wanted}", f"decoded-{wanted}.lock"]
    assert not (tmp_path / "store").exists()


def test_images_are_read_from_the_copy(tmp_path: Path, disk: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    with staged(path) as copy:
        assert copy.parent == disk
        assert copy.read_bytes() == path.read_bytes()
    assert list(disk.iterdir()) == []


def test_a_disk_without_space_is_named(tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 0))
    with pytest.raises(
        OutputError, match=r"disk: the copy of .*cats\.zip needs .* 0\.0 GiB are free; name another folder"
    ):
        decoded(path, describe(path, tmp_path).fingerprint, tmp_path / "store")
    assert list(disk.glob(".*")) == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    (tmp_path / "file").touch()
    monkeypatch.setenv("ADASWEEP_STAGE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match=r"cannot be copied here"), staged(path):
        pass


def test_a_copy_that_differs_is_not_used(tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    digests = iter((b"one", b"another"))
    monkeypatch.setattr(staging, "_digest", lambda *_: next(digests))
    with pytest.raises(DataError, match=r"its copy in .* differs"), staged(path):
        pass
    assert list(disk.iterdir()) == []


def test_a_folder_of_images_is_read_where_it_is(tmp_path: Path, disk: Path) -> None:
    path = folder_set(tmp_path / "cats", 10)
    with staged(path) as found:
        assert found == path
    assert not disk.exists()
