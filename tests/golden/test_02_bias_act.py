"""Bias, activation, gain and clamp against the reference, to second order."""

import pytest
import torch

from tests.golden.cases import assert_close, cases, load, tensor
from trainer.ops.bias_act import ACTIVATIONS, bias_act

FILE = "02_bias_act.npz"
META, ARRAYS = load(FILE)
RATIO = 2e-6
CASES = {case["id"]: case for case in META.get("cases", [])}


@cases(FILE, list(CASES))
def test_value_and_gradients_agree(case: str) -> None:
    spec = CASES[case]
    x, dy, v = (tensor(ARRAYS[f"{spec['inputs']}/{name}"]).requires_grad_() for name in ("x", "dy", "v"))
    b = tensor(ARRAYS[f"{spec['inputs']}/b"]).requires_grad_() if spec["bias"] else None
    inputs = {"x": x} if b is None else {"x": x, "b": b}

    out = bias_act(x, b, dim=spec["dim"], activation=spec["act"], **spec["args"])
    first = torch.autograd.grad(out, list(inputs.values()), dy, create_graph=True)
    wanted = {"dy": dy} | inputs
    scalar = (first[0] * v.detach()).sum()
    second = torch.autograd.grad(scalar, list(wanted.values()), allow_unused=True, materialize_grads=True)

    assert_close(out, ARRAYS[f"{case}/out"], RATIO)
    for name, gradient in zip(inputs, first, strict=True):
        assert_close(gradient, ARRAYS[f"{case}/d{name}"], RATIO)
    for name, gradient in zip(wanted, second, strict=True):
        assert_close(gradient, ARRAYS[f"{case}/d_{name}"], RATIO)


@cases(FILE, list(META.get("defaults", {})))
def test_defaults_of_activation_agree(case: str) -> None:
    wanted = META["defaults"][case]
    assert ACTIVATIONS[case].alpha == wanted["def_alpha"]
    assert ACTIVATIONS[case].gain == pytest.approx(wanted["def_gain"], rel=1e-15)
