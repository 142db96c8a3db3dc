"""Resampling against the reference: filters, results, first and second gradients."""

from typing import Any

import torch
from torch import Tensor

from tests.golden.cases import assert_close, below, cases, check, load, stored, tensor
from trainer.ops import upfirdn2d as ops

FILE = "01_upfirdn2d.npz"
META, ARRAYS = load(FILE)
RATIO = 2e-6
FILTERS = {case["id"]: case for case in META.get("setup_filter", [])}
RESAMPLE = {case["id"]: case for case in META.get("resample", [])}


@cases(FILE, list(FILTERS))
def test_filter_is_prepared_as_in_the_reference(case: str) -> None:
    arguments = {key: value for key, value in FILTERS[case].items() if key not in ("id", "f")}
    wanted = stored(below(ARRAYS, case), "out")["out"]
    assert_close(ops.setup_filter(FILTERS[case].get("f"), **arguments), wanted, RATIO)


def filter_of(case: str) -> Tensor | None:
    """Return the stored filter, None for the identity."""
    has_filter = RESAMPLE[case].get("filter") is not None or f"{case}/f" in ARRAYS
    return tensor(ARRAYS[f"{case}/f"]) if has_filter else None


def resampled(case: str, x: Tensor) -> Tensor:
    spec: dict[str, Any] = RESAMPLE[case]
    out: Tensor = getattr(ops, spec["op"])(x, filter_of(case), **spec.get("args", {}))
    return out


@cases(FILE, [case for case in RESAMPLE if f"{case}/f" in ARRAYS and "filter" in RESAMPLE[case]])
def test_filter_of_resampling_is_prepared_as_in_the_reference(case: str) -> None:
    spec = RESAMPLE[case]
    assert_close(ops.setup_filter(spec["filter"], **spec.get("setup_filter", {})), ARRAYS[f"{case}/f"], RATIO)


@cases(FILE, list(RESAMPLE))
def test_resampling_and_its_gradients_agree(case: str) -> None:
    arrays = below(ARRAYS, case)
    x = tensor(stored(arrays, "x")["x"]).requires_grad_()
    out = resampled(case, x)
    check(arrays, "out", out, RATIO)
    if "dy" not in arrays:
        return
    dy = tensor(arrays["dy"]).requires_grad_()
    (dx,) = torch.autograd.grad(out, x, dy, create_graph=True)
    check(arrays, "dx", dx, RATIO)
    if "v" in arrays:
        check(arrays, "ddy", torch.autograd.grad(dx, dy, tensor(arrays["v"]))[0], RATIO)


@cases(FILE, list(RESAMPLE))
def test_resampling_of_channels_last_images_is_the_same(case: str) -> None:
    arrays = stored(below(ARRAYS, case), "x", "out")
    x = tensor(arrays["x"]).contiguous(memory_format=torch.channels_last)
    assert_close(resampled(case, x), arrays["out"], RATIO)
