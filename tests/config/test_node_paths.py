"""Paths of an attempt on the node that runs it."""

import json
from pathlib import Path

import pytest

from trainer.config.node_paths import decoding_dir, moved, on_this_node
from trainer.config.options import RunOptions
from trainer.errors import UserError

OPTIONS = RunOptions(
    horizon_kimg=1,
    data_path=Path("/lustre/me/data/a.zip"),
    cache_dir=Path("/lustre/me/store/cache"),
    transfer_path=Path("/lustre/you/b.safetensors"),
    detector="inception:/lustre/me/inception.pt",
    distance="vgg16:/elsewhere/vgg.pt",
)


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/lustre/me/a", "/work/a"),
        ("/lustre/me", "/work"),
        ("/lustre/melon/a", "/all/melon/a"),
        ("/home/me/a", "/home/me/a"),
    ],
)
def test_the_longest_fitting_folder_counts_and_no_part_of_a_name(path: str, there: str) -> None:
    assert moved(Path(path), {"/lustre": "/all", "/lustre/me": "/work"}) == Path(there)


def test_every_path_of_an_attempt_is_the_nodes_own() -> None:
    there = on_this_node(OPTIONS, {"ADASWEEP_PATHS": json.dumps({"/lustre": "/all", "/lustre/me": "/work"})})
    assert there == OPTIONS.model_copy(
        update={
            "data_path": Path("/work/data/a.zip"),
            "cache_dir": Path("/work/store/cache"),
            "transfer_path": Path("/all/you/b.safetensors"),
            "detector": "inception:/work/inception.pt",
        }
    )


def test_without_such_folders_nothing_changes() -> None:
    assert on_this_node(OPTIONS, {}) == OPTIONS
    assert decoding_dir(Path("/cache"), {}) == Path("/cache")


def test_images_are_decoded_on_the_disk_that_the_node_names() -> None:
    assert decoding_dir(Path("/cache"), {"ADASWEEP_SCRATCH": "/disk"}) == Path("/disk")


@pytest.mark.parametrize("text", ["{", "[]", '{"/a": 1}', "nonsense"])
def test_folders_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="ADASWEEP_PATHS: is not a JSON object of folders"):
        on_this_node(OPTIONS, {"ADASWEEP_PATHS": text})
