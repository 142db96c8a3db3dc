"""A ZIP is examined once; afterwards what was found is recalled until the file changes."""

import os
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_STORED

import pytest

from tests.data.pictures import folder_set, zip_set, zipped
from trainer.config.dataset import describe as describing
from trainer.config.dataset.describe import examine
from trainer.config.dataset.memo import DataExamination
from trainer.config.dataset.zip import Zip


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADASWEEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def cats(tmp_path: Path) -> Path:
    return zip_set(tmp_path / "cats.zip", 6, labels=[0, 1, 2, 4, 1, 2], side=16)


def anew(path: Path) -> DataExamination:
    """Examine as a new process does: without what this process remembers."""
    describing._of_file.cache_clear()
    return examine(path, path.parent)


@pytest.fixture
def memo(cache: Path) -> Callable[[], Path]:
    return lambda: next((cache / "descriptions").iterdir())


def test_an_unchanged_zip_is_not_opened_again(cats: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = anew(cats)
    assert first.remarks  # class 3 has no image
    monkeypatch.setattr(Zip, "__init__", None)
    assert anew(cats) == first


@pytest.mark.parametrize("keep_times", [False, True], ids=["written", "written with its old time"])
def test_a_zip_of_the_same_size_is_examined_when_it_was_overwritten(tmp_path: Path, keep_times: bool) -> None:
    folders = [folder_set(tmp_path / str(three), 3, labels=[0, 1, three]) for three in (2, 3)]
    cats, other = [zipped(folder, folder.with_suffix(".zip"), ZIP_STORED) for folder in folders]
    first, status = anew(cats), cats.stat()
    cats.write_bytes(other.read_bytes())
    if keep_times:
        os.utime(cats, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (cats.stat().st_size, cats.stat().st_ino) == (status.st_size, status.st_ino)
    assert anew(cats).description.classes == first.description.classes + 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"rules": 1}', b"\xff\x00", b"[" * 100_000])
def test_a_memo_that_was_damaged_is_made_again(cats: Path, memo: Callable[[], Path], content: bytes) -> None:
    first = anew(cats)
    whole = memo().read_bytes()
    memo().write_bytes(content)
    assert anew(cats) == first
    assert memo().read_bytes() == whole


def test_a_memo_of_other_rules_is_not_used(
    cats: Path, memo: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = anew(cats)
    memo().write_bytes(memo().read_bytes().replace(b'"images": 6', b'"images": 5'))
    assert anew(cats).description.images == 5
    monkeypatch.setattr("trainer.config.dataset.memo.RULES", 99)
    assert anew(cats) == first


def test_without_a_cache_that_can_be_written_a_zip_is_examined_each_time(cats: Path, cache: Path) -> None:
    cache.write_text("a file where the folder would be")
    assert anew(cats) == anew(cats)


def test_without_a_home_a_zip_is_examined_each_time(cats: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("ADASWEEP_CACHE")
    monkeypatch.setattr(Path, "home", no_home)
    assert anew(cats) == anew(cats)


def test_nothing_is_written_beside_the_data(cats: Path, memo: Callable[[], Path]) -> None:
    before = sorted(cats.parent.rglob("*"))
    anew(cats)
    assert memo().is_file()
    assert [path for path in sorted(cats.parent.rglob("*")) if "cache" not in path.parts] == before
