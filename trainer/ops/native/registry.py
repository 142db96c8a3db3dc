"""Registration of the native operations, for direct calls and with torch.

Training calls an operation's function directly, or through an autograd.Function if a gradient is needed: torch's
dispatcher takes 15 µs longer for a call into Python. The same functions are registered with torch (schema, shapes,
derivatives) for tracing and opcheck.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

NAMESPACE = "adasweep"
_library = torch.library.Library(NAMESPACE, "DEF")


class Operation:
    """A function of tensors and plain values; `differentiate` adds its derivative."""

    def __init__(self, name: str, real: Callable[..., Any]) -> None:
        self.name, self._real = name, real
        self._differentiable: type[Function] | None = None

    def __call__(self, *inputs: Any) -> Any:
        if self._differentiable is not None and torch.is_grad_enabled() and any(map(_wants_gradient, inputs)):
            return self._differentiable.apply(*inputs)
        return self._real(*inputs)

    def differentiate(self, setup: Callable[..., None], backward: Callable[..., Any]) -> None:
        """Set the backward pass, which is differentiable in turn if composed of such operations."""

        def forward(ctx: Any, *inputs: Any) -> Any:
            output = self._real(*inputs)
            setup(ctx, inputs, output)
            return output

        steps = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        self._differentiable = type(self.name, (Function,), steps)
        torch.library.register_autograd(f"{NAMESPACE}::{self.name}", backward, setup_context=setup, lib=_library)


def _wants_gradient(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def register(signature: str, real: Callable[..., Any], fake: Callable[..., Any]) -> Operation:
    """Define `signature`, such as "warp(Tensor x) -> Tensor", for CPU, CUDA and fake tensors; return the operation."""
    name = signature.partition("(")[0]
    _library.define(signature, tags=[torch.Tag.pt2_compliant_tag])
    for key in ("CPU", "CUDA"):
        _library.impl(name, real, key)
    torch.library.register_fake(f"{NAMESPACE}::{name}", fake, lib=_library)
    return Operation(name, real)


def end_of_derivatives(*_: Any) -> Any:
    """Raise NotImplementedError: higher derivatives are not needed."""
    raise NotImplementedError("the third derivative of an activation")
