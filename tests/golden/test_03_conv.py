"""Convolutions, minibatch standard deviation and the fully connected layer against the reference."""

from typing import Any

import torch
from torch import Tensor

from tests.golden.cases import assert_close, below, cases, load, tensor
from trainer.model.layers import FullyConnected
from trainer.model.minibatch_std import minibatch_std
from trainer.ops.conv2d_resample import conv2d_resample
from trainer.ops.modulated_conv2d import modulated_conv2d
from trainer.ops.upfirdn2d import setup_filter

FILE = "03_conv.npz"
META, ARRAYS = load(FILE)
RATIO = 5e-6


def by_id(kind: str) -> dict[str, dict[str, Any]]:
    return {case["id"]: case for case in META.get(kind, [])}


CONVOLUTIONS, MODULATED = by_id("conv2d_resample"), by_id("modulated_conv2d")
STDS, DENSE = by_id("minibatch_std"), by_id("fully_connected")


def inputs(case: str, names: tuple[str, ...]) -> dict[str, Tensor]:
    arrays = below(ARRAYS, case)
    return {name: tensor(arrays[name]).requires_grad_() for name in names if name in arrays}


def check(case: str, out: Tensor, given: dict[str, Tensor]) -> None:
    assert_close(out, ARRAYS[f"{case}/out"], RATIO)
    gradients = torch.autograd.grad(out, list(given.values()), tensor(ARRAYS[f"{case}/dy"]))
    for name, gradient in zip(given, gradients, strict=True):
        assert_close(gradient, ARRAYS[f"{case}/d{name}"], RATIO)


def prepared(taps: Any) -> Tensor | None:
    return None if taps is None else setup_filter(taps)


@cases(FILE, list(CONVOLUTIONS))
def test_resampling_convolution_agrees(case: str) -> None:
    spec, given = CONVOLUTIONS[case], inputs(case, ("x", "w"))
    check(case, conv2d_resample(given["x"], given["w"], prepared(spec["filter"]), **spec["args"]), given)


@cases(FILE, [(case, modulation) for case in MODULATED for modulation in ("activations", "per-sample")])
def test_modulated_convolution_agrees_in_both_forms(case: tuple[str, str]) -> None:
    name, modulation = case
    spec, given = MODULATED[name], inputs(name, ("x", "w", "s", "noise"))
    arguments = {key: value for key, value in spec["args"].items() if key != "fused_modconv"}
    out = modulated_conv2d(
        given["x"],
        given["w"],
        given["s"],
        given.get("noise"),
        resample_filter=prepared(spec["filter"]),
        modulation=modulation,
        **arguments,
    )
    check(name, out, given)


@cases(FILE, list(STDS))
def test_minibatch_std_agrees(case: str) -> None:
    spec, given = STDS[case], inputs(case, ("x",))
    check(case, minibatch_std(given["x"], spec["group_size"], spec["num_channels"]), given)


@cases(FILE, list(DENSE))
def test_fully_connected_layer_agrees(case: str) -> None:
    spec, given = DENSE[case], inputs(case, ("x", "weight", "bias"))
    outputs, features = given["weight"].shape
    layer = FullyConnected(features, outputs, bias=spec["bias"], **spec["args"])
    out = torch.func.functional_call(layer, {k: given[k] for k in given if k != "x"}, given["x"])
    check(case, out, given)
