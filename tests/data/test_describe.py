"""What planning reads of a data set, and the errors it reports."""

import gzip
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.data.pictures import folder_set, name, pixels, zip_set, zipped
from trainer.config.dataset.describe import HEADERS_READ, NAMED_SETS, describe, locate
from trainer.config.dataset.folder import Folder
from trainer.config.dataset.zip import Zip
from trainer.data.png import encode_png
from trainer.data.prepare import prepare
from trainer.data.registry import REGISTRY
from trainer.errors import DataError


def message(data: str | Path, data_dir: Path) -> str:
    with pytest.raises(DataError) as caught:
        describe(data, data_dir)
    line = str(caught.value)
    assert "\n" not in line
    return line


def count_reads(monkeypatch: pytest.MonkeyPatch, archive: type[Folder] | type[Zip]) -> list[str]:
    """Return a list to which the name of every file read is added."""
    read: list[str] = []
    original = archive.read

    def reading(self: Any, name: str) -> bytes:
        read.append(name)
        return original(self, name)

    monkeypatch.setattr(archive, "read", reading)
    return read


def test_a_set_is_described_by_name(tmp_path: Path) -> None:
    zip_set(tmp_path / "cats.zip", 6, labels=[0, 1, 2, 0, 1, 2], side=16, channels=1)
    found = describe("cats", tmp_path)
    assert (found.name, found.images, found.resolution, found.channels, found.classes) == ("cats", 6, 16, 1, 3)


def test_a_folder_and_its_zip_have_the_same_description(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 5, labels=[0, 1, 0, 1, 0])
    stored = zipped(folder, tmp_path / "cats.zip", zipfile.ZIP_STORED)
    packed = zipped(folder, tmp_path / "packed.zip")
    of_folder = describe(folder, tmp_path)
    assert describe(str(stored), tmp_path) == of_folder
    assert describe(packed, tmp_path).fingerprint == of_folder.fingerprint


def test_other_pixels_names_or_labels_give_another_fingerprint(tmp_path: Path) -> None:
    prints = set()
    for number, labels in enumerate(([0, 1, 0], [0, 0, 0], None)):
        prints.add(describe(folder_set(tmp_path / str(number), 3, labels), tmp_path).fingerprint)
    (tmp_path / "2" / name(1)).write_bytes(encode_png(pixels(99)))
    prints.add(describe(tmp_path / "2", tmp_path).fingerprint)
    (tmp_path / "2" / name(1)).rename(tmp_path / "2" / name(7))
    prints.add(describe(tmp_path / "2", tmp_path).fingerprint)
    assert len(prints) == 5


def test_files_that_are_not_images_do_not_count(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 3)
    before = describe(folder, tmp_path)
    (folder / "README.txt").write_text("cats")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "x.png").write_text("not an image")
    (folder / ".hidden.png").write_text("not an image")
    assert describe(folder, tmp_path) == before


def test_a_large_set_is_described_from_few_of_its_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = count_reads(monkeypatch, Zip)
    assert describe(zip_set(tmp_path / "many.zip", 300, side=4), tmp_path).images == 300
    assert len(read) == HEADERS_READ
    assert {name(0), name(299)} <= set(read)


def test_a_folder_is_read_again_only_where_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = count_reads(monkeypatch, Folder)
    folder = folder_set(tmp_path / "cats", 3)
    before = describe(folder, tmp_path)
    first = len(read)
    (folder / name(1)).write_bytes(encode_png(pixels(50)))
    assert describe(folder, tmp_path).fingerprint != before.fingerprint
    headers = 3
    assert len(read) - first == headers + 1
    (folder / name(1)).write_bytes(encode_png(pixels(1)))
    assert describe(folder, tmp_path) == before


@pytest.mark.parametrize("wrong", ["catz", "Cats", "cat"])
def test_a_misspelt_name_suggests_the_right_one(tmp_path: Path, wrong: str) -> None:
    zip_set(tmp_path / "cats.zip", 2)
    assert "did you mean cats?" in message(wrong, tmp_path)


def test_a_set_that_is_not_downloaded_yet_says_how(tmp_path: Path) -> None:
    assert "adasweep data get satellite32" in message("satellite32", tmp_path)


def test_a_missing_path_suggests_a_similar_one(tmp_path: Path) -> None:
    zip_set(tmp_path / "cats.zip", 2)
    assert "did you mean cats.zip?" in message(tmp_path / "cts.zip", tmp_path)
    assert "does not exist either" in message(tmp_path / "nowhere" / "cats.zip", tmp_path)


def test_an_empty_name_is_refused(tmp_path: Path) -> None:
    assert "no data set is named" in message(" ", tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [("x" * 5000, "too long"), ("./" + "x" * 300, "too long"), ("~nobody-of-this-name/x", "home"), ("a\0b", "null")],
)
def test_what_cannot_be_a_path_is_refused_in_one_short_line(tmp_path: Path, name: str, words: str) -> None:
    assert words in message(name, tmp_path)
    assert len(message(name, tmp_path)) < 300
    with pytest.raises(DataError, match=words):
        prepare(Path(name), tmp_path / "out.zip")
    with pytest.raises(DataError, match=words):
        prepare(tmp_path, Path(f"{name}.zip"))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "has 0 images" in message(tmp_path / "empty", tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("data.mdb", "has no images, but an LMDB database; convert its folder: adasweep data prepare"),
        ("x-r05.tfrecords", "has no images, but a file of TFRecords; convert it: adasweep data prepare"),
    ],
)
def test_a_folder_of_another_kind_is_named_with_the_way_out(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_bytes(b"")
    assert told in message(tmp_path / "set", tmp_path)


def test_one_image_is_too_few(tmp_path: Path) -> None:
    assert "has 1 image;" in message(folder_set(tmp_path / "one", 1), tmp_path)


def test_a_broken_zip_is_refused(tmp_path: Path) -> None:
    whole = zip_set(tmp_path / "cats.zip", 4)
    (tmp_path / "half.zip").write_bytes(whole.read_bytes()[:-40])
    assert "half.zip: is not a readable ZIP file" in message("half", tmp_path)
    (tmp_path / "text.zip").write_text("this is no ZIP")
    assert "text.zip: is not a readable ZIP file" in message("text", tmp_path)


def tar(mode: Literal["w", "w:gz"]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        archive.addfile(tarfile.TarInfo("0.png"))
    return buffer.getvalue()


FOREIGN = [
    ("x.tar", tar("w"), "a TAR archive", "unpack it"),
    ("x.tgz", tar("w:gz"), "a TAR archive", "unpack it"),
    ("x.zip", tar("w:gz"), "a TAR archive", "unpack it"),
    ("x.gz", gzip.compress(b"x"), "compressed by gzip", "unpack it"),
    ("x.7z", b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    ("x.rar", b"Rar!\x1a\x07\x00", "a RAR archive", "unpack it"),
    ("x.parquet", b"PAR1", "a Parquet file", "write its images to a folder"),
    ("x.npy", b"\x93NUMPY", "a NumPy array", "write its images to a folder"),
    ("x.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file", "write its images to a folder"),
    ("x.npz", b"PK", "a file of NumPy arrays", "write its images to a folder"),
    ("x-r05.tfrecords", b"", "a file of TFRecords", "adasweep data prepare"),
    ("data.mdb", b"", "an LMDB database", "adasweep data prepare FOLDER"),
]


@pytest.mark.parametrize(("name", "content", "kind", "way_out"), FOREIGN, ids=[name for name, *_ in FOREIGN])
def test_a_file_of_another_kind_is_named_with_the_way_out(
    tmp_path: Path, name: str, content: bytes, kind: str, way_out: str
) -> None:
    (tmp_path / name).write_bytes(content)
    told = message(tmp_path / name, tmp_path)
    assert f"{name}: is {kind}, not a folder or ZIP file of images; " in told
    assert way_out in told


@pytest.mark.parametrize(("height", "width"), [(8, 16), (24, 24), (2, 2), (2048, 2048)])
def test_a_wrong_resolution_is_refused_and_the_way_out_named(tmp_path: Path, height: int, width: int) -> None:
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(encode_png(pixels(number)[:1, :1].repeat(height, 0).repeat(width, 1)))
    line = message(tmp_path, tmp_path)
    assert f"0.png: is {width}x{height}" in line
    assert "adasweep data prepare SOURCE NAME --resolution" in line


def test_mixed_sizes_and_channels_name_the_first_that_differs(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 3)
    (folder / name(2)).write_bytes(encode_png(pixels(0, side=16)))
    assert f"{name(2)}: is 16x16, but the first image is 8x8" in message(folder, tmp_path)
    (folder / name(2)).write_bytes(encode_png(pixels(0, channels=1)))
    assert f"{name(2)}: has 1 channels, but the first image has 3" in message(folder, tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"labels": 3}', '{"labels": [["a"]]}', "[" * 100_000, '{"labels": [["x.png", 1]]}']
)
def test_a_broken_label_file_is_named(tmp_path: Path, text: str) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    (folder / "dataset.json").write_text(text)
    assert "dataset.json" in message(folder, tmp_path)


@pytest.mark.parametrize("label", [-1, 1.5, "3", None, True, 10**9])
def test_a_label_that_is_not_a_class_number_is_named(tmp_path: Path, label: object) -> None:
    folder = folder_set(tmp_path / "cats", 2, labels=[0, label])  # type: ignore[list-item]
    assert name(1) in message(folder, tmp_path)


def test_labels_null_means_none(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    (folder / "dataset.json").write_text('{"labels": null}')
    assert describe(folder, tmp_path).classes == 0


def test_a_name_comes_before_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = zip_set(tmp_path / "cats.zip", 2)
    (tmp_path / "cwd" / "cats").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "cwd")
    assert locate("cats", tmp_path) == here
    assert locate("./cats", tmp_path) == tmp_path / "cwd" / "cats"


def test_describing_imports_neither_torch_nor_numpy() -> None:
    code = "import sys, trainer.config.dataset.describe; sys.exit(bool({'torch', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_names_known_to_planning_are_those_of_the_registry() -> None:
    assert tuple(REGISTRY) == NAMED_SETS
