"""Registration with torch: what an operation does on a CPU and on CUDA, and the shapes it makes (fake)."""

from collections.abc import Callable
from typing import Any

import torch

NAMESPACE = "adasweep"
_library = torch.library.Library(NAMESPACE, "DEF")


def register(signature: str, real: Callable[..., Any], fake: Callable[..., Any]) -> Callable[..., Any]:
    """Define `signature`, such as "warp(Tensor x) -> Tensor", for CPU, CUDA and fake tensors; return the operation."""
    name = signature.partition("(")[0]
    _library.define(signature, tags=[torch.Tag.pt2_compliant_tag])
    for key in ("CPU", "CUDA"):
        _library.impl(name, real, key)
    torch.library.register_fake(f"{NAMESPACE}::{name}", fake, lib=_library)
    operation: Callable[..., Any] = getattr(torch.ops.adasweep, name).default
    return operation


def differentiate(name: str, setup: Callable[..., None], backward: Callable[..., Any]) -> None:
    """Register the backward pass of an operation; where it consists of such operations, it is differentiable again."""
    torch.library.register_autograd(f"{NAMESPACE}::{name}", backward, setup_context=setup, lib=_library)


def end_of_derivatives(*_: Any) -> Any:
    """Say that there is no further derivative: nothing here needs one."""
    raise NotImplementedError("the third derivative of an activation")
