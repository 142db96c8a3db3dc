"""Order of images, subsets, mirror images and sample grids, against the reference implementation's."""

from typing import Any

import numpy as np
import pytest

from tests.golden.cases import golden_dir, load
from trainer.data.cache import Decoded
from trainer.data.dataset import ImageSet, split
from trainer.data.grid import GridSize, grid_indices, grid_size
from trainer.data.sampler import InfiniteSampler

FILE = "12_data.json"
META, _ = load(FILE)
OUR_NAMES = {"num_replicas": "replicas", "window_size": "window"}


def cases(kind: str) -> list[Any]:
    found = META.get(kind, [])
    if not found:
        reason = f"no cases: {golden_dir() / FILE} is missing or lists none of {kind}"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(case, id=f"{kind}{number}") for number, case in enumerate(found)]


def sampler(case: dict[str, Any], start: int = 0) -> InfiniteSampler:
    settings = {OUR_NAMES.get(key, key): value for key, value in case.get("kw", {}).items()}
    return InfiniteSampler(case["n"], **settings, start=start)


@pytest.mark.parametrize("case", cases("infinite_sampler"))
def test_sampler_gives_the_reference_order(case: dict[str, Any]) -> None:
    assert sampler(case).take(len(case["first"])) == case["first"]


@pytest.mark.parametrize("case", cases("infinite_sampler"))
def test_sampler_started_anywhere_goes_on_as_if_it_had_been_there(case: dict[str, Any]) -> None:
    replicas = case.get("kw", {}).get("num_replicas", 1)
    for seen in range(len(case["first"])):
        rest = case["first"][seen:]
        assert sampler(case, start=seen * replicas).take(len(rest)) == rest


@pytest.mark.parametrize("case", cases("subset"))
def test_subset_and_mirror_order_are_the_reference(case: dict[str, Any]) -> None:
    images = case["n"]
    parts = split(images, subset=case.get("max_size") or images, validation=0, seed=case.get("random_seed", 0))
    blank = Decoded(np.zeros((images, 1, 4, 4), np.uint8), np.full(images, -1, np.int32))
    chosen = ImageSet(blank, parts.train, mirror=case.get("mirror", False))
    raw, flipped = chosen.sources(range(len(chosen)))
    assert raw.tolist() == case["raw_idx"]
    assert flipped.astype(int).tolist() == case.get("xflip", [0] * len(raw))


@pytest.mark.parametrize("case", cases("grid_sizes"))
def test_grid_sizes_are_the_reference(case: dict[str, Any]) -> None:
    assert grid_size(case["res"]) == (case["gw"], case["gh"])


@pytest.mark.parametrize("case", cases("grid"))
def test_grid_layout_is_the_reference(case: dict[str, Any]) -> None:
    assert grid_size(case["res"]) == (case["gw"], case["gh"])
    assert grid_indices(GridSize(case["gw"], case["gh"]), case["n"], case.get("labels")) == case["idx"]
