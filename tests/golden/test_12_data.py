"""Order of images, subsets, mirror images and sample grids, against the reference implementation's."""

import json
from typing import Any

import numpy as np
import pytest

from tests.golden.cases import golden_dir
from trainer.data.cache import Decoded
from trainer.data.dataset import ImageSet, split
from trainer.data.grid import GridSize, grid_indices, grid_size
from trainer.data.sampler import InfiniteSampler

OUR_NAMES = {"num_replicas": "replicas", "window_size": "window"}


def cases(kind: str) -> list[Any]:
    file = golden_dir() / "12_data.json"
    if not file.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="no golden data: set ADASWEEP_GOLDEN"))]
    return [pytest.param(case, id=f"{kind}{number}") for number, case in enumerate(json.loads(file.read_text())[kind])]


def sampler(case: dict[str, Any], start: int = 0) -> InfiniteSampler:
    settings = {OUR_NAMES.get(key, key): value for key, value in case["kw"].items()}
    return InfiniteSampler(case["n"], **settings, start=start)


@pytest.mark.parametrize("case", cases("infinite_sampler"))
def test_sampler_gives_the_reference_order(case: dict[str, Any]) -> None:
    assert sampler(case).take(len(case["first"])) == case["first"]


@pytest.mark.parametrize("case", cases("infinite_sampler"))
def test_sampler_started_anywhere_goes_on_as_if_it_had_been_there(case: dict[str, Any]) -> None:
    replicas = case["kw"].get("num_replicas", 1)
    for seen in range(len(case["first"])):
        rest = case["first"][seen:]
        assert sampler(case, start=seen * replicas).take(len(rest)) == rest


@pytest.mark.parametrize("case", cases("subset"))
def test_subset_and_mirror_order_are_the_reference(case: dict[str, Any]) -> None:
    images = case["n"]
    parts = split(images, subset=case["max_size"] or images, validation=0, seed=case["random_seed"])
    blank = Decoded(np.zeros((images, 1, 4, 4), np.uint8), np.full(images, -1, np.int32))
    chosen = ImageSet(blank, parts.train, mirror=case["mirror"])
    raw, flipped = chosen.sources(range(len(chosen)))
    assert raw.tolist() == case["raw_idx"]
    assert flipped.astype(int).tolist() == case["xflip"]


@pytest.mark.parametrize("case", cases("grid_sizes"))
def test_grid_sizes_are_the_reference(case: dict[str, Any]) -> None:
    assert grid_size(case["res"]) == (case["gw"], case["gh"])


@pytest.mark.parametrize("case", cases("grid"))
def test_grid_layout_is_the_reference(case: dict[str, Any]) -> None:
    assert grid_size(case["res"]) == (case["gw"], case["gh"])
    assert grid_indices(GridSize(case["gw"], case["gh"]), case["n"], case["labels"]) == case["idx"]
