"""Every image has one class, and commands that use classes report what is odd about them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.plan.cautions import cautions
from orchestrator.store.datasets import lookup
from orchestrator.store.layout import Store
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import read_sweep
from tests.data.pictures import folder_set, name, pixels
from tests.data.sources import example, tfrecords
from trainer.__main__ import main
from trainer.config.dataset.archive import open_archive
from trainer.config.dataset.describe import describe, examine
from trainer.config.dataset.labels import MAX_CLASSES, empty_classes, read_labels
from trainer.data.prepare import prepare
from trainer.data.verify import verify
from trainer.errors import DataError

FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def labelled(path: Path, text: object) -> Path:
    """Write two images and a label file with the given content."""
    folder = folder_set(path, 2)
    (folder / "dataset.json").write_text(text if isinstance(text, str) else json.dumps({"labels": text}))
    return folder


@pytest.mark.parametrize("second", [1, 0.0, False, "0", None, [0]])
def test_an_image_with_two_classes_is_refused_by_every_command(tmp_path: Path, second: object) -> None:
    folder = labelled(tmp_path / "cats", [[name(0), 0], [name(1), 0], [name(0), second]])
    for command in (["describe"], ["verify"], ["prepare"]):
        rest = [str(tmp_path / "out.zip")] if command == ["prepare"] else []
        assert main(["data", *command, str(folder), *rest]) == 2
    with pytest.raises(DataError, match=f"gives image {name(0)} two classes, 0 and "):
        describe(folder, tmp_path)
    assert "two classes" in verify(folder).problems[0]


@pytest.mark.parametrize("twin", [name(0).replace("/", "\\"), f"./{name(0)}", name(0).replace("/", "//")])
def test_two_spellings_of_one_name_are_one_image(tmp_path: Path, twin: str) -> None:
    with pytest.raises(DataError, match="two classes, 0 and 1"):
        describe(labelled(tmp_path / "cats", [[name(0), 0], [name(1), 0], [twin, 1]]), tmp_path)
    assert describe(labelled(tmp_path / "dogs", [[name(0), 1], [name(1), 0], [twin, 1]]), tmp_path).classes == 2


def test_an_object_with_a_key_twice_is_refused(tmp_path: Path) -> None:
    twice = f'{{"labels": {{"{name(0)}": 0, "{name(1)}": 0, "{name(0)}": 1}}}}'
    with pytest.raises(DataError, match="two classes, 0 and 1"):
        describe(labelled(tmp_path / "cats", twice), tmp_path)
    with pytest.raises(DataError, match="occur twice"):
        describe(labelled(tmp_path / "dogs", '{"labels": [], "labels": null}'), tmp_path)


@FEW
@given(st.lists(st.integers(0, 6), min_size=2, max_size=12))
def test_classes_without_images_are_reported_by_describe_and_verify(tmp_path_factory: Any, classes: list[int]) -> None:
    path = tmp_path_factory.mktemp("x")
    folder = folder_set(path / "cats", len(classes), classes, side=4)
    empty = sorted(set(range(max(classes) + 1)) - set(classes))
    for remarks in (examine(folder, path).remarks, verify(folder).remarks):
        assert bool(remarks) == bool(empty)
        assert all(str(number) in remarks[0] for number in empty)
    assert describe(folder, path).classes == max(classes) + 1


def test_many_empty_classes_are_reported_in_one_short_line() -> None:
    (line,) = empty_classes([MAX_CLASSES - 1])
    assert "classes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 ... have no images" in line
    assert empty_classes([]) == empty_classes(None) == empty_classes([0, 1]) == []


def test_a_plan_warns_of_classes_without_images(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    prepare(folder_set(tmp_path / "cats", 6, [1, 2, 1, 2, 1, 2], side=32), store.data / "cats.zip")
    (tmp_path / "s.yaml").write_text("sweep: s\nbase: {preset: tiny32, data: cats}\nhorizon_kimg: 0.1\nmetrics: []\n")
    sweep = read_sweep(tmp_path / "s.yaml")
    reported = cautions(sweep.spec, expand(sweep, lookup(store)), [], store.root)
    assert any("data set cats.zip: class 0 has no images" in line for line in reported)


def test_labels_of_images_that_are_not_there_are_reported(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "cats", [[name(k), k % 2] for k in range(5)])
    assert examine(folder, tmp_path).remarks == [
        f"dataset.json has classes for 3 missing images ({name(2)}, {name(3)}, {name(4)})"
    ]


@pytest.mark.parametrize("pair", [["x"], ["x", 1, 2], "xy", {"x": 1}, [1, 2], 3, None, []])
def test_an_entry_that_is_not_a_pair_is_named(tmp_path: Path, pair: object) -> None:
    with pytest.raises(DataError, match="is not a pair of name and class"):
        describe(labelled(tmp_path / "cats", [pair]), tmp_path)


@pytest.mark.parametrize("label", [MAX_CLASSES, 10**30, "9" * 5000, float("inf"), float("nan"), [[]] * 1000])
def test_a_class_that_is_not_a_small_number_is_named_in_one_short_line(tmp_path: Path, label: object) -> None:
    with pytest.raises(DataError, match="not a class number") as caught:
        describe(labelled(tmp_path / "cats", [[name(0), label], [name(1), 0]]), tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'cats'}/dataset.json: image {name(0)} has label ")
    assert str(caught.value).endswith(" from 0 to 65535; number the classes 0, 1, 2 ...")
    assert len(str(caught.value)) < 500


def test_a_label_file_far_larger_than_its_images_need_is_not_parsed(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "cats", '{"labels": [' + "[]," * 700_000 + "[]]}")
    with pytest.raises(DataError, match="at most"):
        describe(folder, tmp_path)


@pytest.mark.parametrize("text", ["\ufeff", ""])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_label_files_of_any_unicode_encoding_are_read(tmp_path: Path, text: str, encoding: str) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    rows = json.dumps({"labels": [[name(0), 0], [name(1), 1]]})
    (folder / "dataset.json").write_bytes((text + rows if encoding == "utf-8" else rows).encode(encoding))
    assert read_labels(open_archive(folder)).classes == [0, 1]


@pytest.mark.parametrize(
    "rows", [[[1, 1], [1, 0]], [[0, 0], [1, 0]], [[0.5, 0.5], [1, 0]], [[2, 0], [1, 0]], [[-1, 1], [1, 0]]]
)
def test_rows_of_tfrecords_that_are_not_one_class_are_refused(tmp_path: Path, rows: list[list[float]]) -> None:
    tfrecords(tmp_path / "x-r04.tfrecords", [example(pixels(k, 16).transpose(2, 0, 1)) for k in range(2)])
    with (tmp_path / "x-rxx.labels").open("wb") as file:
        np.save(file, np.array(rows, dtype=np.float32))
    with pytest.raises(DataError, match=r"labels\[0\]: is not one class"):
        prepare(tmp_path, tmp_path / "out.zip")
