"""Images are decoded once: by concurrent processes, after a kill, after damage."""

import io
import multiprocessing
import os
import shutil
import signal
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.data.pictures import folder_set, pixels, zip_set
from tests.support.small_disk import mounted
from trainer.config.dataset.archive import open_archive
from trainer.config.dataset.describe import describe
from trainer.config.dataset.entries import fingerprint
from trainer.data.cache import decoded
from trainer.errors import DataError, OutputError

CONTEXT = multiprocessing.get_context("fork")


def use(path: Path, wanted: str, cache_dir: Path, pause: float = 0.0) -> None:
    """Open the cache as a worker would; with `pause`, decode slowly enough to be killed."""
    data = decoded(path, wanted, cache_dir, lambda *_: time.sleep(pause))
    assert (data.images[7].transpose(1, 2, 0) == pixels(7)).all()


def started(*args: object) -> multiprocessing.process.BaseProcess:
    process = CONTEXT.Process(target=use, args=args)
    process.start()
    return process


def test_the_cache_holds_the_images_in_order_of_their_names(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 600, labels=[number % 3 for number in range(600)], side=4)
    data = decoded(path, describe(path, tmp_path).fingerprint, tmp_path / "cache")
    assert data.images.shape == (600, 3, 4, 4)
    assert all((data.images[number].transpose(1, 2, 0) == pixels(number, 4)).all() for number in range(0, 600, 7))
    assert (data.labels == np.arange(600) % 3).all()


def test_many_processes_at_once_decode_once(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 300)
    wanted = describe(path, tmp_path).fingerprint
    processes = [started(path, wanted, tmp_path / "cache", 0.05) for _ in range(6)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6
    assert sorted(entry.suffix for entry in (tmp_path / "cache").iterdir()) == ["", ".lock"]


def test_a_process_killed_midway_leaves_nothing_that_matters(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 600)
    wanted = describe(path, tmp_path).fingerprint
    victim = started(path, wanted, tmp_path / "cache", 30.0)
    while not list((tmp_path / "cache").glob(".*.tmp/images.npy")):
        time.sleep(0.01)
    waiting = started(path, wanted, tmp_path / "cache")
    assert victim.pid
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    waiting.join()
    assert waiting.exitcode == 0
    assert not list((tmp_path / "cache").glob(".*.tmp"))


def test_once_cached_the_source_is_not_needed(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    wanted = describe(path, tmp_path).fingerprint
    use(path, wanted, tmp_path / "cache")
    path.unlink()
    use(path, wanted, tmp_path / "cache")


@pytest.mark.parametrize("file", ["images.npy", "labels.npy"])
@pytest.mark.parametrize("damage", ["cut", "gone", "text"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, file: str, damage: str) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    wanted = describe(path, tmp_path).fingerprint
    use(path, wanted, tmp_path / "cache")
    victim = tmp_path / "cache" / f"decoded-{wanted}" / file
    if damage == "gone":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:-9] if damage == "cut" else b"text")
    use(path, wanted, tmp_path / "cache")


def as_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def highest(array: np.ndarray) -> np.ndarray:
    return np.full_like(array, np.iinfo(array.dtype).max)


def write_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"x")


def replace(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


SPOILT: dict[str, Callable[[Path], object]] = {
    "an archive": write_archive,
    "a bracket": lambda path: path.write_bytes(path.read_bytes().replace(b"}", b"(", 1)),
    "other numbers": lambda path: path.write_bytes(as_bytes(np.load(path).astype(np.float64))),
    "texts": lambda path: path.write_bytes(as_bytes(np.load(path).astype("U3"))),
    "one number": lambda path: path.write_bytes(as_bytes(np.array(3))),
    "another order": lambda path: path.write_bytes(as_bytes(np.load(path)[::-1])),
    "the highest numbers": lambda path: path.write_bytes(as_bytes(highest(np.load(path)))),
    "below zero": lambda path: path.write_bytes(as_bytes(np.full_like(np.load(path), -7, dtype=np.int32))),
    "a pipe": lambda path: replace(path, os.mkfifo),
    "a folder": lambda path: replace(path, lambda place: (place / "inner").mkdir(parents=True)),
    "a link to itself": lambda path: replace(path, lambda place: place.symlink_to(place.name)),
}


@pytest.mark.parametrize("file", ["images.npy", "labels.npy"])
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_cache_that_is_no_array_of_images_is_made_again(
    tmp_path: Path, file: str, spoil: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    path = zip_set(tmp_path / "cats.zip", 10, labels=[number % 3 for number in range(10)])
    wanted = describe(path, tmp_path).fingerprint
    whole = decoded(path, wanted, tmp_path / "cache")
    images, labels = np.array(whole.images), whole.labels
    folder = tmp_path / "cache" / f"decoded-{wanted}"
    spoil(folder / file)
    assert capsys.readouterr().err == ""
    after = decoded(path, wanted, tmp_path / "cache")
    assert capsys.readouterr().err == f"adasweep: {folder} is not as it was cached; it is made again\n"
    assert (after.images.dtype, after.labels.dtype) == (images.dtype, labels.dtype)
    assert np.array_equal(after.images, images)
    assert np.array_equal(after.labels, labels)


def test_the_cache_of_another_set_in_its_place_is_made_again(tmp_path: Path) -> None:
    path, other = zip_set(tmp_path / "cats.zip", 10), zip_set(tmp_path / "dogs.zip", 10, side=16)
    wanted, unwanted = (describe(one, tmp_path).fingerprint for one in (path, other))
    decoded(other, unwanted, tmp_path / "cache")
    shutil.copytree(tmp_path / "cache" / f"decoded-{unwanted}", tmp_path / "cache" / f"decoded-{wanted}")
    assert decoded(path, wanted, tmp_path / "cache").images.shape == (10, 3, 8, 8)


def test_a_copy_of_a_cache_is_used_and_read_once(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    wanted = describe(path, tmp_path).fingerprint
    use(path, wanted, tmp_path / "cache")
    shutil.copytree(tmp_path / "cache", tmp_path / "copy")
    path.unlink()
    seal = tmp_path / "copy" / f"decoded-{wanted}" / "seal.json"
    before = seal.read_text()
    use(path, wanted, tmp_path / "copy")
    after = seal.read_text()
    use(path, wanted, tmp_path / "copy")
    assert before != after == seal.read_text()


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, lambda path: path.symlink_to(path.name)])
def test_what_is_no_folder_in_the_place_of_a_cache_is_replaced(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    wanted = describe(path, tmp_path).fingerprint
    (tmp_path / "cache").mkdir()
    make(tmp_path / "cache" / f"decoded-{wanted}")
    assert len(decoded(path, wanted, tmp_path / "cache").images) == 10


def test_a_damaged_cache_makes_room_for_the_next(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 10, side=64)
    wanted = describe(path, tmp_path).fingerprint
    with mounted(tmp_path / "disk", "200k") as disk:  # of which the decoded images take 120
        decoded(path, wanted, disk)
        (disk / f"decoded-{wanted}" / "labels.npy").write_bytes(b"")
        assert len(decoded(path, wanted, disk).images) == 10


def test_a_cache_without_images_is_made_again(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    wanted = describe(path, tmp_path).fingerprint
    decoded(path, wanted, tmp_path / "cache")
    folder = tmp_path / "cache" / f"decoded-{wanted}"
    np.save(folder / "images.npy", np.zeros((0, 3, 8, 8), np.uint8))
    np.save(folder / "labels.npy", np.zeros(0, np.int32))
    assert len(decoded(path, wanted, tmp_path / "cache").images) == 10


def test_another_content_is_refused(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 10)
    with pytest.raises(DataError, match="not 0123456789abcdef; its content has changed"):
        decoded(path, "0123456789abcdef", tmp_path / "cache")


def test_an_odd_image_far_inside_is_named(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 300)
    shutil.copy(folder_set(tmp_path / "wide", 1, side=16) / "00000/img00000000.png", folder / "00000/img00000131.png")
    wanted = fingerprint(open_archive(folder).entries())
    with pytest.raises(DataError, match=r"img00000131\.png: is 16x16, but the first image is 8x8"):
        decoded(folder, wanted, tmp_path / "cache")


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 3)
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(OutputError, match=r"cache: decoded images cannot be stored here"):
        decoded(path, describe(path, tmp_path).fingerprint, tmp_path / "cache")


def test_a_full_disk_is_reported_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_set(tmp_path / "cats.zip", 3)
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(OutputError, match="GiB are free"):
        decoded(path, describe(path, tmp_path).fingerprint, tmp_path / "cache")
