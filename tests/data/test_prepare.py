"""Every kind of source becomes the same kind of ZIP, with its pixels and labels, byte for byte reproducibly."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import folder_set, pixels, zip_set
from tests.data.sources import cifar_batch, example, idx_pair, tar_of, tfrecords
from trainer.commands.data_conversion import target_of
from trainer.config.dataset.describe import describe
from trainer.config.dataset.preparation import read_settings
from trainer.data.dataset import ImageSet, full_set
from trainer.data.prepare import prepare
from trainer.data.readers.tfrecord import masked_crc32c
from trainer.errors import DataError, OutputError, UserError


def prepared(source: Path, tmp_path: Path, **settings: object) -> ImageSet:
    target = tmp_path / "out.zip"
    prepare(source, target, **settings)  # type: ignore[arg-type]
    return full_set(target, tmp_path / "cache")


def as_array(images: ImageSet) -> np.ndarray:
    """Return all images [n h w c]."""
    return images.images(range(len(images))).permute(0, 2, 3, 1).numpy()


def ids(images: ImageSet) -> list[int]:
    return [int(number) for number in images.class_ids(range(len(images)))]


def many(count: int, side: int = 32, channels: int = 3) -> np.ndarray:
    return np.stack([pixels(number, side, channels) for number in range(count)])


def test_a_prepared_set_prepared_again_is_the_same_to_the_byte(tmp_path: Path) -> None:
    source = zip_set(tmp_path / "cats.zip", 5, labels=[0, 1, 2, 1, 0])
    prepare(source, tmp_path / "a.zip")
    prepare(tmp_path / "a.zip", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_folder_and_zip_keep_pixels_and_labels(tmp_path: Path) -> None:
    found = prepared(folder_set(tmp_path / "cats", 5, labels=[0, 1, 2, 1, 0]), tmp_path)
    assert (as_array(found) == many(5, side=8)).all()
    assert ids(found) == [0, 1, 2, 1, 0]


def test_names_and_layout_are_those_of_the_field(tmp_path: Path) -> None:
    prepare(zip_set(tmp_path / "cats.zip", 1001, labels=[3] * 1001, side=4), tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
        labels = json.loads(archive.read("dataset.json"))["labels"]
    assert names[0] == "00000/img00000000.png"
    assert names[-2:] == ["00001/img00001000.png", "dataset.json"]
    assert labels[1000] == ["00001/img00001000.png", 3]


def test_folders_become_classes_when_asked(tmp_path: Path) -> None:
    for animal in ("dog", "cat"):
        folder_set(tmp_path / "animals" / animal, 2)
    found = prepared(tmp_path / "animals", tmp_path, labels="folders")
    assert ids(found) == [0, 0, 1, 1]
    with pytest.raises(DataError, match="is not in a folder"):
        prepare(zip_flat(tmp_path / "flat.zip"), tmp_path / "x.zip", labels="folders")


def test_a_source_without_images_is_told_so_whatever_its_classes_would_be(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="none: has no images; "):
        prepare(tmp_path / "none", tmp_path / "x.zip", labels="folders")


def zip_flat(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2):
            file = io.BytesIO()
            Image.fromarray(pixels(number)).save(file, "PNG")
            archive.writestr(f"{number}.png", file.getvalue())
    return path


def test_labels_can_be_dropped(tmp_path: Path) -> None:
    assert ids(prepared(zip_set(tmp_path / "cats.zip", 3, labels=[0, 1, 2]), tmp_path, labels="none")) == [-1] * 3


def test_only_the_first_images_can_be_taken(tmp_path: Path) -> None:
    assert len(prepared(zip_set(tmp_path / "cats.zip", 9), tmp_path, most=4)) == 4


def test_classes_that_the_first_images_lack_are_told(tmp_path: Path) -> None:
    prepared(zip_set(tmp_path / "cats.zip", 9, labels=[0, 0, 0, 0, 1, 1, 2, 2, 2]), tmp_path, most=5)
    told = ["only the first 5 of 9 images, which are of 2 of the classes"]
    assert read_settings(tmp_path / "out.zip")["remarks"] == told


def test_mnist_is_padded_without_touching_a_pixel(tmp_path: Path) -> None:
    images = many(5, side=28, channels=1)[..., 0]
    idx_pair(tmp_path / "mnist", "t10k", images[3:], [1, 0], packed=False)
    idx_pair(tmp_path / "mnist", "train", images[:3], [2, 1, 0])
    found = prepared(tmp_path / "mnist", tmp_path, resolution=32, fit="pad")
    assert (as_array(found)[:, 2:30, 2:30, 0] == images).all()
    assert as_array(found)[:, :2].max() == 0
    assert ids(found) == [2, 1, 0, 1, 0]


def test_a_part_that_is_packed_and_unpacked_is_read_once(tmp_path: Path) -> None:
    images = many(5, channels=1)[..., 0]
    for packed in (True, False):
        idx_pair(tmp_path / "mnist", "train", images, [0, 1, 2, 1, 0], packed)
    assert ids(prepared(tmp_path / "mnist", tmp_path)) == [0, 1, 2, 1, 0]


def test_idx_files_of_several_sets_are_not_mixed(tmp_path: Path) -> None:
    images = many(4, channels=1)[..., 0]
    for part, labels in (("emnist-digits-train", [0, 1, 2, 3]), ("emnist-letters-train", [4, 5, 6, 7])):
        idx_pair(tmp_path / "gzip", part, images, labels)
    with pytest.raises(DataError, match=r"several sets: emnist-digits, emnist-letters.*give one of the files"):
        prepared(tmp_path / "gzip", tmp_path)
    assert ids(prepared(tmp_path / "gzip/emnist-letters-train-images-idx3-ubyte.gz", tmp_path)) == [4, 5, 6, 7]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_cifar_archive_and_folder_keep_pixels_and_labels(tmp_path: Path, protocol: int) -> None:
    images = many(6)
    batches = {f"data_batch_{k + 1}": cifar_batch(images[2 * k : 2 * k + 2], [k, 9 - k], protocol) for k in range(3)}
    files = {f"cifar-10-batches-py/{name}": content for name, content in batches.items()}
    files["cifar-10-batches-py/test_batch"] = cifar_batch(many(8)[6:], [1, 2], protocol)
    tar_of(tmp_path / "cifar-10-python.tar.gz", files)
    (tmp_path / "unpacked").mkdir()
    for name, content in batches.items():
        (tmp_path / "unpacked" / name).write_bytes(content)
    for source in ("cifar-10-python.tar.gz", "unpacked"):
        found = prepared(tmp_path / source, tmp_path, replace=True)
        assert (as_array(found) == images).all()
        assert ids(found) == [0, 9, 1, 8, 2, 7]


@pytest.mark.parametrize("packed", [True, False])
def test_tfrecords_are_read_at_the_highest_resolution(tmp_path: Path, packed: bool) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    images = many(4, side=16)
    tfrecords(folder / "cats-r03.tfrecords", [example(image[::2, ::2].transpose(2, 0, 1)) for image in images])
    tfrecords(folder / "cats-r04.tfrecords", [example(image.transpose(2, 0, 1), packed) for image in images])
    with (folder / "cats-rxx.labels").open("wb") as file:
        np.save(file, np.eye(3, dtype=np.float32)[[0, 2, 1, 0]])
    found = prepared(folder, tmp_path)
    assert (as_array(found) == images).all()
    assert ids(found) == [0, 2, 1, 0]


def test_tfrecords_have_the_labels_of_their_own_set(tmp_path: Path) -> None:
    for name, classes in (("cats", [0, 1, 2, 3]), ("dogs", [3, 2, 1, 0])):
        tfrecords(tmp_path / f"{name}-r04.tfrecords", [example(image.transpose(2, 0, 1)) for image in many(4, side=16)])
        with (tmp_path / f"{name}-rxx.labels").open("wb") as file:
            np.save(file, np.eye(4, dtype=np.float32)[classes])
    assert ids(prepared(tmp_path / "dogs-r04.tfrecords", tmp_path)) == [3, 2, 1, 0]
    with pytest.raises(DataError, match=r"several sets: cats, dogs.*give one of the files"):
        prepared(tmp_path, tmp_path, replace=True)


def test_missing_batches_of_cifar_are_named(tmp_path: Path) -> None:
    batch = cifar_batch(many(3, side=32), [0, 1, 2])
    tar_of(tmp_path / "cifar.tar.gz", {"data_batch_1": batch, "data_batch_4": batch})
    prepared(tmp_path / "cifar.tar.gz", tmp_path)
    assert "missing: data_batch_2, data_batch_3, data_batch_5" in str(read_settings(tmp_path / "out.zip")["remarks"])


def test_the_checksum_of_tfrecords_is_the_published_one() -> None:
    crc = 0xE3069283
    assert masked_crc32c(b"123456789") == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda content: content[:-3], "ends in the middle"),
        (lambda content: b"\x00" + content[1:], "not the head"),
        (lambda content: content[:20] + b"\xff" * 40 + content[60:], "not an image record"),
    ],
)
def test_damaged_tfrecords_are_named(tmp_path: Path, damage: object, words: str) -> None:
    path = tfrecords(tmp_path / "x-r04.tfrecords", [example(pixels(k, 16).transpose(2, 0, 1)) for k in range(2)])
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DataError, match=words):
        prepare(path, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_lsun_needs_a_package_and_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lmdb", None)
    (tmp_path / "lsun").mkdir()
    (tmp_path / "lsun" / "data.mdb").write_bytes(b"")
    with pytest.raises(DataError, match="pip install lmdb"):
        prepare(tmp_path / "lsun", tmp_path / "out.zip")


def test_lsun_images_are_cropped_to_squares(tmp_path: Path) -> None:
    lmdb = pytest.importorskip("lmdb", reason="the package lmdb is optional")
    with lmdb.open(str(tmp_path / "lsun"), map_size=1 << 22) as database, database.begin(write=True) as view:
        for number in range(3):
            file = io.BytesIO()
            Image.fromarray(pixels(number, 16)[:, :12]).save(file, "WEBP", lossless=True)
            view.put(f"key{number}".encode(), file.getvalue())
    found = prepared(tmp_path / "lsun", tmp_path, resolution=8, filter="box")
    assert as_array(found).shape == (3, 8, 8, 3)


def test_the_filter_changes_pixels_and_fingerprint_and_is_recorded(tmp_path: Path) -> None:
    source = zip_set(tmp_path / "cats.zip", 2, side=16)
    prints = set()
    for filter in ("box", "lanczos", "bilinear", "hamming", "bicubic", "nearest"):
        prepare(source, tmp_path / "out.zip", resolution=8, filter=filter, replace=True)
        prints.add(describe(tmp_path / "out.zip", tmp_path).fingerprint)
        assert read_settings(tmp_path / "out.zip")["filter"] == filter
    assert len(prints) == 6


def test_box_by_two_is_the_mean_of_four_rounded_once_per_axis(tmp_path: Path) -> None:
    source = zip_set(tmp_path / "cats.zip", 2, side=16, channels=1)
    found = as_array(prepared(source, tmp_path, resolution=8, filter="box"))
    mean = pixels(0, 16, 1).reshape(8, 2, 8, 2).mean((1, 3))
    assert np.abs(found[0, ..., 0] - mean).max() <= 1


def test_crop_takes_the_middle(tmp_path: Path) -> None:
    wide = np.concatenate([np.zeros((8, 4, 3), np.uint8), pixels(0), np.zeros((8, 4, 3), np.uint8)], axis=1)
    for number in range(2):
        Image.fromarray(wide).save(tmp_path / f"{number}.png")
    assert (as_array(prepared(tmp_path, tmp_path, resolution=8))[0] == pixels(0)).all()


def test_grey_and_colour_mixed_need_a_decision(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    Image.fromarray(pixels(0)[..., 0]).save(folder / "zzz.png")
    with pytest.raises(DataError, match=r"zzz\.png: has 1 channels.*--channels"):
        prepare(folder, tmp_path / "out.zip")
    assert prepared(folder, tmp_path, channels=3).channels == 3


def test_a_source_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cats.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match="is not a supported source"):
        prepare(tmp_path / "cats.rar", tmp_path / "out.zip")
    with pytest.raises(DataError, match="does not exist"):
        prepare(tmp_path / "nothing", tmp_path / "out.zip")


def test_a_size_that_does_not_fit_asks_for_one(tmp_path: Path) -> None:
    source = zip_set(tmp_path / "cats.zip", 2, side=12)
    with pytest.raises(DataError, match="is 12x12; choose how to convert it: --resolution 16"):
        prepare(source, tmp_path / "out.zip")
    with pytest.raises(DataError, match="100 is not a power of two"):
        prepare(source, tmp_path / "out.zip", resolution=100)


def test_a_size_of_zero_is_not_taken_for_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="0 is not a power of two"):
        prepare(zip_set(tmp_path / "cats.zip", 2), tmp_path / "out.zip", 0)


@pytest.mark.parametrize("name", [".", "..", "~", "/", "./"])
def test_what_is_no_name_is_refused_as_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="names no data set"):
        target_of(name, None, tmp_path)


@pytest.mark.parametrize("name", [".hid", "..x", "~x"])
def test_a_name_that_no_list_shows_or_no_sweep_can_use_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="names a hidden file or a home; start it with another letter"):
        target_of(name, None, tmp_path)
    assert target_of(f"{tmp_path}/{name}.zip", None, tmp_path) == tmp_path / f"{name}.zip"


def test_existing_files_are_not_overwritten_unless_requested(tmp_path: Path) -> None:
    source = zip_set(tmp_path / "cats.zip", 2)
    prepare(source, tmp_path / "out.zip")
    with pytest.raises(OutputError, match="--force"):
        prepare(source, tmp_path / "out.zip")


def test_a_failure_leaves_nothing_and_keeps_existing_files(tmp_path: Path) -> None:
    prepare(zip_set(tmp_path / "cats.zip", 2), tmp_path / "out" / "x.zip")
    before = (tmp_path / "out" / "x.zip").read_bytes()
    broken = folder_set(tmp_path / "broken", 3)
    (broken / "00000/img00000001.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="img00000001"):
        prepare(broken, tmp_path / "out" / "x.zip", replace=True)
    assert (tmp_path / "out" / "x.zip").read_bytes() == before
    assert len(list((tmp_path / "out").iterdir())) == 1


@pytest.mark.parametrize(("fit", "resolution", "told"), [("crop", 16, True), ("crop", 8, False), ("pad", 16, False)])
def test_images_that_were_enlarged_are_told(tmp_path: Path, fit: str, resolution: int, told: bool) -> None:
    prepare(folder_set(tmp_path / "cats", 3, side=8), tmp_path / "out.zip", resolution=resolution, fit=fit)  # type: ignore[arg-type]
    remarks = read_settings(tmp_path / "out.zip").get("remarks", [])
    assert (remarks == ["3 images smaller than 16 pixels, enlarged: they are blurred or blocky"]) == told
