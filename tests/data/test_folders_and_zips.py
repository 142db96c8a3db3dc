"""Folders and ZIPs found in practice: a common top-level folder, links, pipes, odd names, capitals."""

import gzip
import json
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.data.pictures import folder_set, pixels, zip_set
from tests.data.sources import example, idx_pair, tfrecords
from trainer.__main__ import main
from trainer.config.dataset.archive import open_archive
from trainer.config.dataset.describe import describe, examine, locate, sets_in
from trainer.config.dataset.listing import common_folder
from trainer.config.dataset.preparation import read_settings
from trainer.data.dataset import full_set
from trainer.data.png import encode_png
from trainer.data.prepare import prepare
from trainer.data.verify import verify
from trainer.errors import DataError, OutputError

LINK = 0o120777 << 16


def zip_of(path: Path, names: Mapping[str, bytes] | list[str], attributes: Mapping[str, int] | None = None) -> Path:
    """Write a ZIP of files with exactly these names; a list of names gets an image each."""
    files = names if isinstance(names, Mapping) else {name: encode_png(pixels(k)) for k, name in enumerate(names)}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (attributes or {}).get(name, 0)
            archive.writestr(info, content)
    return path


def classes(target: Path) -> list[int]:
    images = full_set(target, target.parent / "cache")
    return [int(number) for number in images.class_ids(range(len(images)))]


def by_folders(source: Path) -> list[int]:
    target = source.parent / "by-folders.zip"
    prepare(source, target, labels="folders", replace=True)
    return classes(target)


def labels_for(*names: str) -> bytes:
    return json.dumps({"labels": [[name, number] for number, name in enumerate(names)]}).encode()


@contextmanager
def bound_socket(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        yield


# One folder around everything


ANIMALS = ["animals/cat/0.png", "animals/cat/1.png", "animals/dog/0.png", "animals/dog/1.png"]


@pytest.mark.parametrize("around", ["", "animals/", "a/b/c/", "./", "./x/", "animals//"])
def test_a_common_folder_makes_no_class(tmp_path: Path, around: str) -> None:
    names = [around + name.removeprefix("animals/") for name in ANIMALS]
    assert by_folders(zip_of(tmp_path / "x.zip", [*names, "__MACOSX/animals/cat/._0.png"])) == [0, 0, 1, 1]


def test_the_common_folder_and_the_classes_are_reported(tmp_path: Path) -> None:
    by_folders(zip_of(tmp_path / "x.zip", ANIMALS))
    reported = read_settings(tmp_path / "by-folders.zip")["remarks"]
    assert reported == [
        "classes are the folders, sorted by name: 0 cat, 1 dog",
        "all images are in the folder animals; its subfolders are the classes",
    ]


def test_a_common_folder_makes_no_class_outside_a_zip_either(tmp_path: Path) -> None:
    for animal in ("cat", "dog"):
        folder_set(tmp_path / "in" / "animals" / animal, 2)
    assert by_folders(tmp_path / "in") == [0, 0, 1, 1]


def test_images_in_one_folder_only_make_no_classes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="directly in one folder, cats, so there are no classes"):
        by_folders(zip_of(tmp_path / "x.zip", ["cats/0.png", "cats/1.png"]))


@pytest.mark.parametrize("parts", [("train", "val", "test"), ("Training", "valid"), ("train", "validation")])
def test_parts_of_a_set_are_not_classes(tmp_path: Path, parts: tuple[str, ...]) -> None:
    source = zip_of(tmp_path / "x.zip", [f"pets/{part}/{number}.png" for part in parts for number in range(2)])
    told = f"parts of a set, not as classes: {', '.join(sorted(parts))}; .* --labels none"
    with pytest.raises(DataError, match=told):
        by_folders(source)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    names = ["plane/0.png", "plane/1.png", "train/0.png", "train/1.png"]
    assert by_folders(zip_of(tmp_path / "x.zip", names)) == [0, 0, 1, 1]


@given(
    st.lists(st.text("ab", max_size=2), max_size=3),
    st.sets(st.text("cd", min_size=1, max_size=3), min_size=2, max_size=5),
)
@settings(max_examples=30, deadline=None)
def test_the_common_folder_is_the_innermost_that_holds_all(around: list[str], inner: set[str]) -> None:
    folders = [name for name in around if name]
    names = ["/".join([*folders, name, "x.png"]) for name in inner]
    assert common_folder(names) == "/".join(folders)


@pytest.mark.parametrize("around", ["", "labelled/", "a/b/"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_label_file_of_a_set_in_a_folder_is_found(tmp_path: Path, around: str, packed: bool) -> None:
    names = ["00000/0.png", "00000/1.png", "00001/2.png"]
    files = {around + name: encode_png(pixels(k)) for k, name in enumerate(names)}
    files[f"{around}dataset.json"] = labels_for(*names)
    source = zip_of(tmp_path / "x.zip", files)
    if not packed:
        with zipfile.ZipFile(source) as archive:
            archive.extractall(tmp_path / "x")
        source = tmp_path / "x"
    assert describe(source, tmp_path).classes == 3
    assert verify(source).class_counts == {0: 1, 1: 1, 2: 1}
    prepare(source, tmp_path / "out.zip")
    assert classes(tmp_path / "out.zip") == [0, 1, 2]


def test_the_outermost_label_file_counts_and_others_are_reported_as_unused(tmp_path: Path) -> None:
    files = {name: encode_png(pixels(k)) for k, name in enumerate(["a/0.png", "b/1.png"])}
    files |= {"a/dataset.json": labels_for("0.png"), "b/dataset.json": labels_for("1.png")}
    found = examine(zip_of(tmp_path / "x.zip", files), tmp_path)
    assert found.description.classes == 0
    assert any("not used: a/dataset.json, b/dataset.json" in remark for remark in found.remarks)
    files["dataset.json"] = labels_for("a/0.png", "b/1.png")
    assert describe(zip_of(tmp_path / "y.zip", files), tmp_path).classes == 2


def test_a_set_without_label_file_in_a_folder_keeps_its_fingerprint(tmp_path: Path) -> None:
    """Fingerprints from before subfolders were searched stay valid."""
    source = zip_of(tmp_path / "x.zip", ANIMALS)
    assert describe(source, tmp_path).fingerprint == "b6240af827f3d41f"
    assert describe(folder_set(tmp_path / "cats", 3, [0, 1, 0]), tmp_path).fingerprint == "04aff75907a49f30"


# Links, pipes and devices


def test_folders_behind_links_are_left_out_and_said_by_every_command(tmp_path: Path) -> None:
    source, elsewhere = folder_set(tmp_path / "in" / "a", 2).parent, folder_set(tmp_path / "b", 2)
    (source / "b").symlink_to(elsewhere)
    for remarks in (examine(source, tmp_path).remarks, verify(source).remarks):
        assert remarks == ["skipped: 1 folder behind a link (b); prepare follows links with --follow-links"]
    assert prepare(source, tmp_path / "out.zip") == 2
    assert "1 folder behind a link (b)" in str(read_settings(tmp_path / "out.zip")["remarks"])


def test_links_are_followed_when_asked_and_each_folder_once(tmp_path: Path) -> None:
    source, elsewhere = folder_set(tmp_path / "in" / "a", 2).parent, folder_set(tmp_path / "b", 3)
    (source / "again").symlink_to(source)
    (source / "a" / "up").symlink_to("..")
    (source / "b").symlink_to(elsewhere)
    (source / "c").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(source)
    archive = open_archive(source, follow_links=True)
    assert len(archive.images) == 5
    assert prepare(source, tmp_path / "out.zip", follow_links=True) == 5
    assert "followed: 1 folder behind a link (b)" in str(read_settings(tmp_path / "out.zip")["remarks"])


def test_links_to_images_are_images(tmp_path: Path) -> None:
    elsewhere = folder_set(tmp_path / "b", 2)
    (tmp_path / "in").mkdir()
    for number, file in enumerate(sorted(elsewhere.rglob("*.png"))):
        (tmp_path / "in" / f"{number}.png").symlink_to(file)
    assert describe(tmp_path / "in", tmp_path).images == 2


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    (folder / "gone").symlink_to("nowhere")
    assert examine(folder, tmp_path).remarks == ["skipped: 1 broken link (gone)"]
    (folder / "gone.png").symlink_to("nowhere.png")
    with pytest.raises(DataError, match=r"gone\.png: cannot be read"):
        describe(folder, tmp_path)


def test_links_stored_in_a_zip_are_left_out_and_reported(tmp_path: Path) -> None:
    files = {"0.png": encode_png(pixels(0)), "1.png": encode_png(pixels(1)), "b": b"../b", "2.png": b"../b/2.png"}
    found = examine(zip_of(tmp_path / "x.zip", files, {"b": LINK, "2.png": LINK}), tmp_path)
    assert found.description.images == 2
    assert found.remarks == ["skipped: 2 links stored in the ZIP (2.png, b)"]


@pytest.mark.timeout(60)
def test_pipes_sockets_and_devices_are_left_out_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    os.mkfifo(folder / "pipe.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    monkeypatch.chdir(folder)
    with bound_socket(Path("socket.png")):
        reported = "skipped: 3 irregular files (pipe.png, socket.png, zero.png): a pipe, socket or device"
        assert examine(folder, tmp_path).remarks == [reported]
        assert verify(folder).remarks == [reported]
        assert prepare(folder, tmp_path / "out.zip") == 2


@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", ["describe", "verify", "prepare"])
@pytest.mark.parametrize("kind", ["pipe", "link to a device"])
def test_a_set_that_is_a_pipe_or_a_device_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, command: str
) -> None:
    place = tmp_path / "cats.zip"
    os.mkfifo(place) if kind == "pipe" else place.symlink_to("/dev/zero")
    more = ["out", "--resolution", "32"] if command == "prepare" else []
    assert main(["data", command, str(place), *more, "--store", str(tmp_path / "store")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert ": is " in line


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a device", "link to a folder"])
def test_a_label_file_that_is_not_a_file_is_refused_not_skipped(tmp_path: Path, kind: str) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    place = folder / "dataset.json"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to("/dev/zero" if kind == "link to a device" else tmp_path)
    with pytest.raises(DataError, match=r"dataset\.json: is not a regular file"):
        describe(folder, tmp_path)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "name", ["data.mdb", "x-r04.tfrecords", "data_batch_1", "train-images-idx3-ubyte", "x.zip", "x.tar.gz", ""]
)
def test_a_pipe_where_a_source_should_be_does_not_hang(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    pipe = tmp_path / "in" / (name or "pipe")
    os.mkfifo(pipe)
    sources = [pipe] if ("." in name and name != "data.mdb" and "r04" not in name) or not name else [pipe.parent]
    for source in sources:
        with pytest.raises(DataError, match="is a pipe, not a regular file"):
            prepare(source, tmp_path / "out.zip")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_not_a_data_set(tmp_path: Path, device: str) -> None:
    with pytest.raises(DataError, match="is a device, not a regular file"):
        prepare(Path(device), tmp_path / "out.zip")
    with pytest.raises(DataError, match="neither a folder nor a ZIP file"):
        describe(device, tmp_path)


# Names


@pytest.mark.parametrize("separator", ["\\", "/"])
def test_names_with_backslashes_are_read_as_paths(tmp_path: Path, separator: str) -> None:
    names = [name.replace("/", separator) for name in ("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png")]
    source = zip_of(tmp_path / "x.zip", names)
    assert by_folders(source) == [0, 0, 1, 1]
    assert verify(source).sound
    plain = zip_of(tmp_path / "y.zip", [name.replace("\\", "/") for name in names])
    assert describe(source, tmp_path).fingerprint == describe(plain, tmp_path).fingerprint


def test_labels_find_their_images_however_the_separators_are_written(tmp_path: Path) -> None:
    files = {name: encode_png(pixels(k)) for k, name in enumerate(["cat\\0.png", "./dog/0.png", "e\u0301.png"])}
    files["dataset.json"] = labels_for("cat/0.png", ".\\dog\\0.png", "\u00e9.png")
    prepare(zip_of(tmp_path / "x.zip", files), tmp_path / "out.zip")
    assert classes(tmp_path / "out.zip") == [1, 0, 2]


@pytest.mark.parametrize(
    "name", ["..\\evil.png", "\\evil.png", "a\\..\\..\\evil.png", "C:\\evil.png", "\\\\host\\evil.png"]
)
def test_backslashes_lead_out_of_no_archive(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"evil\.png: has a path that escapes"):
        open_archive(zip_of(tmp_path / "x.zip", [name]))


def test_names_that_are_the_same_once_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="occurs in the ZIP twice"):
        open_archive(zip_of(tmp_path / "x.zip", ["a\\0.png", "a/0.png"]))


def test_file_names_that_are_not_utf8_are_used_and_shown_with_replacement_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    for number in range(3):
        (folder / os.fsdecode(b"\xff%d.png" % number)).write_bytes(encode_png(pixels(number % 2)))
    for command in ("describe", "verify"):
        assert main(["data", command, str(folder), "--data-dir", str(tmp_path)]) == 0
    assert main(["data", "prepare", str(folder), str(tmp_path / "out.zip"), "--json"]) == 0
    (folder / os.fsdecode(b"\xfe.png")).write_bytes(b"no image")
    assert main(["data", "describe", str(folder)]) == 2
    spoken = capsys.readouterr()
    assert "caf\N{REPLACEMENT CHARACTER}" in spoken.out
    assert "\N{REPLACEMENT CHARACTER}.png: is damaged or not a supported image format" in spoken.err


def test_names_cannot_steer_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_set(tmp_path / "\x1b[2J[red]\u202e", 2)
    (folder / "\x1b[31m.txt\x07").write_text("")
    (folder / "\x1b[31m.png").write_text("no image")
    assert main(["data", "verify", str(folder)]) == 2
    assert main(["data", "describe", str(folder)]) == 2
    spoken = capsys.readouterr()
    assert not {"\x1b", "\x07", "\u202e"} & set(spoken.out + spoken.err)


def test_a_terminal_of_another_encoding_stops_nothing(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "caf\u00e9-\U0001f408", 2)
    (folder / "\u00e9.heic").write_text("")
    reported = subprocess.run(
        [sys.executable, "-m", "trainer", "data", "describe", str(folder)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (reported.returncode, reported.stderr) == (0, b"")
    assert b"name              caf" in reported.stdout


# Endings


def test_endings_in_capitals_are_read_by_every_command(tmp_path: Path) -> None:
    source = zip_of(tmp_path / "PHOTOS.ZIP", ["0.PNG", "1.Png", "2.PNG"])
    assert describe(source, tmp_path).images == describe("PHOTOS", tmp_path).images == 3
    assert list(sets_in(tmp_path)) == ["PHOTOS"]
    assert locate("PHOTOS", tmp_path) == source
    assert verify(source).sound
    assert prepare(source, tmp_path / "OUT.ZIP") == 3


@pytest.mark.parametrize("name", ["DATASET.JSON", "Dataset.json", "SET/DATASET.JSON"])
def test_a_label_file_in_capitals_is_read(tmp_path: Path, name: str) -> None:
    around = name.rpartition("/")[0]
    names = [f"{around}/{k}.PNG".lstrip("/") for k in range(2)]
    files = {file: encode_png(pixels(k)) for k, file in enumerate(names)}
    source = zip_of(tmp_path / "x.zip", {**files, name: labels_for("0.PNG", "1.PNG")})
    assert describe(source, tmp_path).classes == 2
    with zipfile.ZipFile(source) as archive:
        archive.extractall(tmp_path / "x")
    assert describe(tmp_path / "x", tmp_path).fingerprint == describe(source, tmp_path).fingerprint


def test_a_zip_of_any_name_is_read_by_every_command(tmp_path: Path) -> None:
    source = zip_of(tmp_path / "photos.cbz", ["0.png", "1.png"])
    assert describe(source, tmp_path).images == prepare(source, tmp_path / "out.zip") == 2


def test_sources_of_other_kinds_may_have_endings_in_capitals(tmp_path: Path) -> None:
    images = np.stack([pixels(number, 16, 1)[..., 0] for number in range(4)])
    idx_pair(tmp_path / "mnist", "train", images, [3, 2, 1, 0])
    for file in (tmp_path / "mnist").iterdir():
        file.rename(file.with_name(file.name.upper()))
    prepare(tmp_path / "mnist", tmp_path / "m.zip")
    assert classes(tmp_path / "m.zip") == [3, 2, 1, 0]
    (tmp_path / "records").mkdir()
    tfrecords(tmp_path / "records" / "X-R04.TFRECORDS", [example(pixels(k, 16).transpose(2, 0, 1)) for k in range(2)])
    assert prepare(tmp_path / "records", tmp_path / "r.zip") == 2


def test_labels_of_mnist_are_found_gzipped_or_not(tmp_path: Path) -> None:
    images = np.stack([pixels(number, 16, 1)[..., 0] for number in range(3)])
    idx_pair(tmp_path / "mnist", "train", images, [2, 1, 0])
    labels = tmp_path / "mnist" / "train-labels-idx1-ubyte.gz"
    labels.with_suffix("").write_bytes(gzip.decompress(labels.read_bytes()))
    labels.unlink()
    prepare(tmp_path / "mnist", tmp_path / "out.zip")
    assert classes(tmp_path / "out.zip") == [2, 1, 0]


def test_files_that_are_skipped_are_counted_by_their_ending(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    for name in ("a.HEIC", "b.heic", "c.jfif", "README", ".hidden", "Thumbs.db"):
        (folder / name).write_text("")
    reported = "skipped, not a supported image format: 2 .heic, 1 .jfif, 1 without suffix, 1 .db"
    assert sorted(examine(folder, tmp_path).remarks[0]) == sorted(reported)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.heic").write_text("")
    for refused in (
        lambda: describe(tmp_path / "none", tmp_path),
        lambda: prepare(tmp_path / "none", tmp_path / "o.zip"),
    ):
        with pytest.raises(DataError, match=r"skipped, not a supported image format: 1 \.heic"):
            refused()


def test_files_of_the_same_size_and_time_that_change_places_are_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "cats"
    folder.mkdir()
    one, other, between = (folder / name for name in ("0.bmp", "1.bmp", "2.bmp"))
    for number, path in enumerate((one, other)):  # as an archive may give all files one time
        Image.fromarray(pixels(number, 16)).save(path)
        os.utime(path, ns=(10**18, 10**18))
    before = describe(folder, tmp_path)
    for source, target in ((one, between), (other, one), (between, other)):
        source.rename(target)
    assert (one.stat().st_size, one.stat().st_mtime_ns) == (other.stat().st_size, other.stat().st_mtime_ns)
    assert describe(folder, tmp_path).fingerprint != before.fingerprint


def test_a_memory_of_checksums_that_was_damaged_is_made_again(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    before = describe(folder, tmp_path)
    (memo,) = (tmp_path / ".checksums").iterdir()
    for damage in (
        "[]",
        "3",
        '{"00000/img00000000.png": 5}',
        '{"00000/img00000000.png": [1, 2]}',
        "[" * 100_000,
        "\xff",
    ):
        memo.write_text(damage)
        assert describe(folder, tmp_path) == before


def test_labels_are_dropped_or_refused_for_kinds_without_folders(tmp_path: Path) -> None:
    images = np.stack([pixels(number, 16, 1)[..., 0] for number in range(3)])
    idx_pair(tmp_path / "mnist", "train", images, [2, 1, 0])
    prepare(tmp_path / "mnist", tmp_path / "out.zip", labels="none")
    assert classes(tmp_path / "out.zip") == [-1] * 3
    with pytest.raises(DataError, match="not in folders; remove --labels folders"):
        prepare(tmp_path / "mnist", tmp_path / "x.zip", labels="folders")


def test_a_target_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out.zip").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        prepare(zip_set(tmp_path / "x.zip", 2), tmp_path / "out.zip", replace=True)
