"""Convolutions, minibatch standard deviation and the fully connected layer against the reference."""

from typing import Any

import torch
from torch import Tensor

from tests.golden.cases import below, cases, check, load, stored, tensor
from trainer.model.layers import FullyConnected
from trainer.model.minibatch_std import minibatch_std
from trainer.ops.conv2d_resample import conv2d_resample
from trainer.ops.modulated_conv2d import Modulation, modulated_conv2d
from trainer.ops.upfirdn2d import setup_filter

FILE = "03_conv.npz"
META, ARRAYS = load(FILE)
RATIO = 5e-6
MODULATIONS: tuple[Modulation, ...] = ("activations", "per-sample")


def by_id(kind: str) -> dict[str, dict[str, Any]]:
    return {case["id"]: case for case in META.get(kind, [])}


CONVOLUTIONS, MODULATED = by_id("conv2d_resample"), by_id("modulated_conv2d")
STDS, DENSE = by_id("minibatch_std"), by_id("fully_connected")


def inputs(case: str, *names: str) -> dict[str, Tensor]:
    """Return the inputs of a case; skip the test if one is missing."""
    return {name: tensor(value).requires_grad_() for name, value in stored(below(ARRAYS, case), *names).items()}


def compare(case: str, out: Tensor, given: dict[str, Tensor]) -> None:
    arrays = below(ARRAYS, case)
    check(arrays, "out", out, RATIO)
    if "dy" in arrays:
        gradients = torch.autograd.grad(out, list(given.values()), tensor(arrays["dy"]))
        for name, gradient in zip(given, gradients, strict=True):
            check(arrays, f"d{name}", gradient, RATIO)


def prepared(spec: dict[str, Any]) -> Tensor | None:
    """Return the filter of a case, None if it has none."""
    taps = spec.get("filter")
    return None if taps is None else setup_filter(taps, **spec.get("setup_filter", {}))


@cases(FILE, list(CONVOLUTIONS))
def test_resampling_convolution_agrees(case: str) -> None:
    spec, given = CONVOLUTIONS[case], inputs(case, "x", "w")
    compare(case, conv2d_resample(given["x"], given["w"], prepared(spec), **spec.get("args", {})), given)


@cases(FILE, [(case, modulation) for case in MODULATED for modulation in MODULATIONS])
def test_modulated_convolution_agrees_in_both_forms(case: tuple[str, Modulation]) -> None:
    name, modulation = case
    noise = ["noise"] if MODULATED[name].get("noise") else []
    spec, given = MODULATED[name], inputs(name, "x", "w", "s", *noise)
    arguments = {key: value for key, value in spec.get("args", {}).items() if key != "fused_modconv"}
    out = modulated_conv2d(
        given["x"],
        given["w"],
        given["s"],
        given.get("noise"),
        resample_filter=prepared(spec),
        modulation=modulation,
        **arguments,
    )
    compare(name, out, given)


@cases(FILE, list(STDS))
def test_minibatch_std_agrees(case: str) -> None:
    spec, given = STDS[case], inputs(case, "x")
    compare(case, minibatch_std(given["x"], spec["group_size"], spec.get("num_channels", 1)), given)


@cases(FILE, list(DENSE))
def test_fully_connected_layer_agrees(case: str) -> None:
    spec = DENSE[case]
    given = inputs(case, "x", "weight", *(["bias"] if spec.get("bias", True) else []))
    outputs, features = given["weight"].shape
    layer = FullyConnected(features, outputs, bias="bias" in given, **spec.get("args", {}))
    out = torch.func.functional_call(layer, {k: given[k] for k in given if k != "x"}, given["x"])
    compare(case, out, given)
