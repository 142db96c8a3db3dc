"""Verification finds all damage, not only the first."""

from pathlib import Path

from tests.data.pictures import folder_set, name, pixels, zip_set
from trainer.data.png import encode_png
from trainer.data.prepare import prepare
from trainer.data.verify import verify


def test_a_sound_set_has_no_problems_and_is_counted(tmp_path: Path) -> None:
    prepare(zip_set(tmp_path / "cats.zip", 6, labels=[0, 1, 1, 2, 2, 2]), tmp_path / "out.zip")
    found = verify(tmp_path / "out.zip")
    assert found.sound
    assert (found.images, found.resolution, found.channels) == (6, 8, 3)
    assert found.class_counts == {0: 1, 1: 2, 2: 3}
    assert found.duplicates == []
    assert found.settings["filter"] == "lanczos"


def test_every_damaged_image_is_named(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 6)
    (folder / name(1)).write_bytes(b"no image")
    (folder / name(3)).write_bytes(encode_png(pixels(0, side=16)))
    (folder / name(5)).write_bytes(encode_png(pixels(0))[:100])
    found = verify(folder)
    assert not found.sound
    assert [line.split(": ")[0][-15:] for line in found.problems] == [name(number)[-15:] for number in (1, 3, 5)]


def test_the_same_pixels_twice_are_reported_but_no_problem(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 4)
    (folder / name(3)).write_bytes(encode_png(pixels(1)))
    found = verify(folder)
    assert found.sound
    assert found.duplicates == [(name(1), name(3))]


def test_broken_labels_and_no_images_are_problems(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 2, labels=[0])
    assert "has no label" in verify(folder).problems[0]
    (tmp_path / "empty").mkdir()
    assert "has no images" in verify(tmp_path / "empty").problems[0]
