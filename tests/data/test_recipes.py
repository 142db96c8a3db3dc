"""Archives as their authors distribute them become sets whose names mean one thing."""

import io
import json
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import folder_set, pixels
from tests.data.sources import cifar_batch, tar_of
from tests.data.test_prepare import as_array, ids, many
from trainer.__main__ import main
from trainer.config.dataset.companion import locate_test_images
from trainer.config.dataset.describe import describe, examine
from trainer.config.dataset.preparation import RECIPE_NAMES, read_settings
from trainer.data.dataset import full_set
from trainer.data.prepare import prepare
from trainer.data.recipes import RECIPES, CropGrid, follow
from trainer.data.resize import ImageFormat, fitted
from trainer.errors import DataError


def cifar100_part(images: np.ndarray, fine: list[int]) -> bytes:
    """Return `train` or `test` of CIFAR-100 from images [n h w c]."""
    rows = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    names = [f"image{number}.png".encode() for number in range(len(images))]
    content = {b"filenames": names, b"batch_label": b"part", b"fine_labels": fine, b"data": rows}
    return pickle.dumps({**content, b"coarse_labels": [label // 5 for label in fine]}, protocol=2)


def cifar100(folder: Path) -> Path:
    parts = {"train": cifar100_part(many(4), [99, 7, 0, 7]), "test": cifar100_part(many(6)[4:], [3, 98])}
    files = {**parts, "meta": pickle.dumps({b"fine_label_names": [b"apple"]}, protocol=2)}
    return tar_of(folder / "cifar-100-python.tar.gz", {f"cifar-100-python/{name}": it for name, it in files.items()})


def test_cifar_100_has_its_fine_classes_and_its_test_images_apart(tmp_path: Path) -> None:
    assert prepare(cifar100(tmp_path), tmp_path / "cifar100.zip") == 4
    training = full_set(tmp_path / "cifar100.zip", tmp_path / "cache")
    tests = full_set(locate_test_images(tmp_path / "cifar100.zip"), tmp_path / "cache")
    assert (as_array(training) == many(6)[:4]).all()
    assert ids(training) == [99, 7, 0, 7]
    assert (as_array(tests) == many(6)[4:]).all()
    assert ids(tests) == [3, 98]
    assert read_settings(tmp_path / "cifar100.zip")["source"] == "cifar100"


def test_an_unpacked_cifar_100_is_the_same_set(tmp_path: Path) -> None:
    with tarfile.open(cifar100(tmp_path)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on
        archive.extractall(tmp_path)
    prepare(tmp_path / "cifar-100-python.tar.gz", tmp_path / "packed.zip")
    prepare(tmp_path / "cifar-100-python", tmp_path / "unpacked.zip")
    for end in ("", "-test"):
        packed, unpacked = (describe(tmp_path / f"{name}{end}.zip", tmp_path) for name in ("packed", "unpacked"))
        assert packed.fingerprint == unpacked.fingerprint


def test_test_images_do_not_change_the_fingerprint_of_the_training_images(tmp_path: Path) -> None:
    batches = {"data_batch_1": cifar_batch(many(3), [0, 1, 2])}
    prepare(tar_of(tmp_path / "a.tar.gz", batches), tmp_path / "without.zip")
    batches["test_batch"] = cifar_batch(many(5)[3:], [1, 0])
    prepare(tar_of(tmp_path / "b.tar.gz", batches), tmp_path / "with.zip")
    without, with_tests = (describe(tmp_path / f"{name}.zip", tmp_path) for name in ("without", "with"))
    assert without.fingerprint == with_tests.fingerprint
    with pytest.raises(DataError, match=r"has no test images: there is no without-test\.zip"):
        locate_test_images(tmp_path / "without.zip")


def test_existing_test_images_are_not_overwritten_unless_requested(tmp_path: Path) -> None:
    source = cifar100(tmp_path)
    (tmp_path / "c-test.zip").write_bytes(b"mine")
    with pytest.raises(Exception, match="exists already"):
        prepare(source, tmp_path / "c.zip")
    assert not (tmp_path / "c.zip").exists()
    prepare(source, tmp_path / "c.zip", replace=True)
    assert len(full_set(tmp_path / "c-test.zip", tmp_path / "cache")) == 2


def test_the_table_has_exactly_the_names_that_are_checked() -> None:
    assert tuple(RECIPES) == RECIPE_NAMES


def test_overlapping_crops_reach_every_edge_evenly(tmp_path: Path) -> None:
    whole = np.random.default_rng(0).integers(0, 256, (16, 22, 3), dtype=np.uint8)
    (tmp_path / "slides").mkdir()
    for number in range(2):
        Image.fromarray(np.roll(whole, number, 0)).save(tmp_path / "slides" / f"Case_{number}.tif")
    recipe = RECIPES["brecahad-512"]._replace(shape=ImageFormat(8, channels=3), images=24, tiles=CropGrid(4, 3, 8))
    assert follow("brecahad-512", recipe, tmp_path / "slides", tmp_path / "out.zip") == 24
    crops = as_array(full_set(tmp_path / "out.zip", tmp_path / "cache"))
    assert (crops[0] == whole[:8, :8]).all()
    assert (crops[1] == whole[:8, 5:13]).all()
    assert (crops[5] == whole[4:12, 5:13]).all()
    assert (crops[11] == whole[8:, 14:]).all()
    assert read_settings(tmp_path / "out.zip")["recipe"] == "brecahad-512"


def test_the_crops_of_the_papers_slides_are_as_many_as_published() -> None:
    tiles = RECIPES["brecahad-512"].tiles
    assert tiles is not None
    assert 162 * tiles.columns * tiles.rows == RECIPES["brecahad-512"].images == 1_944


def test_an_incomplete_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"would make 3 images, but lsun-cat-256 has 200,000"):
        follow("lsun-cat-256", RECIPES["lsun-cat-256"], folder_set(tmp_path / "cat", 3), tmp_path / "out.zip")


def test_lsun_is_cut_to_the_first_images(tmp_path: Path) -> None:
    lmdb = pytest.importorskip("lmdb", reason="the package lmdb is optional")
    with lmdb.open(str(tmp_path / "cat_lmdb"), map_size=1 << 22) as database, database.begin(write=True) as view:
        for number in range(5):
            file = io.BytesIO()
            Image.fromarray(pixels(number, 8)).save(file, "WEBP", lossless=True)
            view.put(f"key{number}".encode(), file.getvalue())
    recipe = RECIPES["lsun-cat-256"]._replace(shape=ImageFormat(8, channels=3), images=3, most=3)
    assert follow("lsun-cat-256", recipe, tmp_path / "cat_lmdb", tmp_path / "out.zip") == 3
    assert (as_array(full_set(tmp_path / "out.zip", tmp_path / "cache")) == many(3, 8)).all()


def test_cars_are_wide_between_black_bars_and_unfit_ones_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "car").mkdir()
    sizes = [(16, 12), (20, 20), (15, 20), (40, 20), (32, 24)]
    for number, size in enumerate(sizes):
        Image.new("RGB", size, (200, 100, 50)).save(tmp_path / "car" / f"{number}.png")
    recipe = RECIPES["lsun-car-512"]._replace(shape=ImageFormat(16, fit="wide", channels=3))
    assert follow("lsun-car-512", recipe, tmp_path / "car", tmp_path / "out.zip") == 3
    cars = as_array(full_set(tmp_path / "out.zip", tmp_path / "cache"))
    assert (cars[:, 2:14] == (200, 100, 50)).all()
    assert not cars[:, :2].any()
    assert not cars[:, 14:].any()
    assert "2 images skipped" in str(read_settings(tmp_path / "out.zip")["remarks"])


def test_the_middle_rows_of_a_tall_picture_stay() -> None:
    tall = np.repeat(np.arange(16, dtype=np.uint8)[:, None, None], 16, axis=1)
    found = fitted(tall, ImageFormat(16, fit="wide"))
    assert (found[2:14, 0, 0] == np.arange(2, 14)).all()


def test_folders_of_imagenet_are_classes_of_rgb_images(tmp_path: Path) -> None:
    for number, folder in enumerate(("n01440764", "n01443537")):
        place = tmp_path / "ILSVRC/Data/CLS-LOC/train" / folder
        place.mkdir(parents=True)
        for mode in ("RGB", "L", "CMYK"):
            Image.new(mode, (24, 16)).save(place / f"{folder}_{number}_{mode}.JPEG")
    recipe = RECIPES["imagenet-128"]._replace(shape=ImageFormat(8, channels=3), images=6)
    assert follow("imagenet-128", recipe, tmp_path / "ILSVRC/Data/CLS-LOC/train", tmp_path / "out.zip") == 6
    found = full_set(tmp_path / "out.zip", tmp_path / "cache")
    assert ids(found) == [0, 0, 0, 1, 1, 1]
    assert as_array(found).shape == (6, 8, 8, 3)


def test_a_set_with_a_recipes_name_is_made_by_it_or_said_not_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, place = folder_set(tmp_path / "cats", 3, side=256), ("--data-dir", str(tmp_path))
    assert main(["data", "prepare", str(source), "lsun-cat-256", *place]) == 2
    assert "add --recipe lsun-cat-256" in capsys.readouterr().err
    assert main(["data", "prepare", str(source), *place]) == 2
    assert "TARGET: is missing" in capsys.readouterr().err
    assert main(["data", "prepare", str(source), "--recipe", "lsun-cat", *place]) == 2
    assert "did you mean lsun-cat-256?" in capsys.readouterr().err
    assert main(["data", "prepare", str(source), "--recipe", "lsun-cat-256", "--max-images", "2", *place]) == 2
    assert "--max-images: is fixed by the recipe" in capsys.readouterr().err
    prepare(source, tmp_path / "lsun-cat-256.zip")
    for name in ("lsun-cat-256.zip", "lsun-cat-256.ZIP"):
        (tmp_path / "lsun-cat-256.zip").rename(tmp_path / name)
        assert "is not known to be prepared by the recipe" in str(examine("lsun-cat-256", tmp_path).remarks)


def test_describe_shows_the_recipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = RECIPES["lsun-cat-256"]._replace(shape=ImageFormat(8, channels=3), images=3, most=3)
    monkeypatch.setitem(RECIPES, "lsun-cat-256", small)
    source = folder_set(tmp_path / "cats", 4)
    assert main(["data", "prepare", str(source), "--recipe", "lsun-cat-256", "--data-dir", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["data", "describe", "lsun-cat-256", "--json", "--data-dir", str(tmp_path)]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["settings"]["recipe"] == "lsun-cat-256"
    assert described["remarks"] == []
