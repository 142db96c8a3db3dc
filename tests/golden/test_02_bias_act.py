"""Bias, activation, gain and clamp against the reference, to second order."""

import pytest
import torch
from torch import Tensor

from tests.golden.cases import below, cases, check, load, stored, tensor
from trainer.ops.bias_act import ACTIVATIONS, bias_act

FILE = "02_bias_act.npz"
META, ARRAYS = load(FILE)
RATIO = 2e-6
CASES = {case["id"]: case for case in META.get("cases", [])}


def gradients(of: Tensor, inputs: dict[str, Tensor], cotangent: Tensor | None = None) -> dict[str, Tensor]:
    """Return the gradient of each input by name, differentiable, zero where there is none."""
    found = torch.autograd.grad(
        of, list(inputs.values()), cotangent, create_graph=True, allow_unused=True, materialize_grads=True
    )
    return dict(zip(inputs, found, strict=True))


@cases(FILE, list(CASES))
def test_value_and_gradients_agree(case: str) -> None:
    spec, arrays = CASES[case], below(ARRAYS, case)
    given = {name: tensor(value).requires_grad_() for name, value in below(ARRAYS, spec["inputs"]).items()}
    names = ("x", "b") if spec.get("bias", "b" in given) else ("x",)
    stored(given, *names)
    inputs: dict[str, Tensor] = {name: given[name] for name in names}
    arguments = {"dim": spec.get("dim", 1), "activation": spec["act"], **spec.get("args", {})}
    out = bias_act(inputs["x"], inputs.get("b"), **arguments)
    check(arrays, "out", out, RATIO)
    if "dy" not in given:
        return
    first = gradients(out, inputs, given["dy"])
    for name, gradient in first.items():
        check(arrays, f"d{name}", gradient, RATIO)
    if "v" not in given:
        return
    second = gradients((first["x"] * given["v"].detach()).sum(), {"dy": given["dy"], **inputs})
    for name, gradient in second.items():
        check(arrays, f"d_{name}", gradient, RATIO)


@cases(FILE, list(META.get("defaults", {})))
def test_defaults_of_activation_agree(case: str) -> None:
    wanted = META["defaults"][case]
    assert ACTIVATIONS[case].alpha == (wanted.get("def_alpha") or 0)
    assert ACTIVATIONS[case].gain == pytest.approx(wanted["def_gain"], rel=1e-15)
