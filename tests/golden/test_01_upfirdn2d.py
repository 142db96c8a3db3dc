"""Resampling against the reference: filters, results, first and second gradients."""

import pytest
import torch

from tests.golden.cases import assert_close, cases, load, tensor
from trainer.ops import upfirdn2d as ops

FILE = "01_upfirdn2d.npz"
META, ARRAYS = load(FILE)
RATIO = 2e-6
FILTERS = {case["id"]: case for case in META.get("setup_filter", [])}
RESAMPLE = {case["id"]: case for case in META.get("resample", [])}


@cases(FILE, list(FILTERS))
def test_filter_is_prepared_as_in_the_reference(case: str) -> None:
    arguments = {key: value for key, value in FILTERS[case].items() if key not in ("id", "f")}
    assert_close(ops.setup_filter(FILTERS[case]["f"], **arguments), ARRAYS[f"{case}/out"], RATIO)


@cases(FILE, list(RESAMPLE))
def test_resampling_and_its_gradients_agree(case: str) -> None:
    spec = RESAMPLE[case]
    x = tensor(ARRAYS[f"{case}/x"]).requires_grad_()
    f = tensor(ARRAYS[f"{case}/f"]) if f"{case}/f" in ARRAYS else None
    if f is not None:
        assert_close(ops.setup_filter(spec["filter"], **spec["setup_filter"]), f, RATIO)
    dy = tensor(ARRAYS[f"{case}/dy"]).requires_grad_()
    out = getattr(ops, spec["op"])(x, f, **spec["args"])
    (dx,) = torch.autograd.grad(out, x, dy, create_graph=True)
    assert_close(out, ARRAYS[f"{case}/out"], RATIO)
    assert_close(dx, ARRAYS[f"{case}/dx"], RATIO)
    if f"{case}/v" in ARRAYS:
        (ddy,) = torch.autograd.grad(dx, dy, tensor(ARRAYS[f"{case}/v"]))
        assert_close(ddy, ARRAYS[f"{case}/ddy"], RATIO)


@cases(FILE, list(RESAMPLE))
def test_resampling_of_channels_last_images_is_the_same(case: str) -> None:
    spec = RESAMPLE[case]
    x = tensor(ARRAYS[f"{case}/x"]).contiguous(memory_format=torch.channels_last)
    f = tensor(ARRAYS[f"{case}/f"]) if f"{case}/f" in ARRAYS else None
    assert_close(getattr(ops, spec["op"])(x, f, **spec["args"]), ARRAYS[f"{case}/out"], RATIO)


def test_nothing_else_is_in_the_file() -> None:
    if not META:
        pytest.skip(f"{FILE} is missing")
    assert {key.split("/")[0] for key in ARRAYS} <= set(FILTERS) | set(RESAMPLE)
