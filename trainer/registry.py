"""Build the object that a spec describes: the only dynamic import of implementations.

@implements(AdaAugment)
class AdaAugmenter: ...            # in trainer/augment/ada.py == AdaAugment.module

augmenter = build(config.augment, ...)
"""

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

from trainer.config.spec import Spec

Implementation = TypeVar("Implementation", bound=Callable[..., Any])

_REGISTERED: dict[type[Spec], Callable[..., Any]] = {}


def implements(spec: type[Spec]) -> Callable[[Implementation], Implementation]:
    """Return a decorator that registers a class or function for `build` to call for `spec`."""

    def register(implementation: Implementation) -> Implementation:
        _REGISTERED[spec] = implementation
        return implementation

    return register


def build(spec: Spec, *arguments: Any) -> Any:
    """Import the module of `spec`, and return the result of calling its implementation with (spec, *arguments)."""
    if not is_implemented(type(spec)):
        raise LookupError(f"{type(spec).module} has no @implements({type(spec).__name__})")
    return _REGISTERED[type(spec)](spec, *arguments)


def is_implemented(spec: type[Spec]) -> bool:
    """Import the module of `spec`, and return whether it registered an implementation."""
    importlib.import_module(spec.module)
    return spec in _REGISTERED
