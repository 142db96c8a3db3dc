"""Shape checks of signatures that work together with coverage measurement.

The import hooks of jaxtyping and slipcover both replace the loader of a module, and the first one wins. This finder
comes after slipcover's, which wraps the loaders it finds. It compiles a module at every import, because the byte code
that Python caches for the plain module has no checks.

The decorator of jaxtyping, which its hook looks up by name, binds the arguments of a call and checks them twice. Its
place is taken by one that only checks them, once: a training step takes half the time.
"""

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

import jaxtyping
from jaxtyping import install_import_hook, jaxtyped

COVERAGE = "SlipcoverMetaPathFinder"
AXES_OF_ONE_CALL = jaxtyped("context")


class CheckedLoader(SourceFileLoader):
    """Compiles the code of a module with checks."""

    def __init__(self, checks: SourceFileLoader) -> None:
        super().__init__(checks.name, checks.path)
        self.checks = checks

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.checks.source_to_code(self.get_data(path), path)
        return code


class CheckedFinder(MetaPathFinder):
    """Finds the modules that jaxtyping's finder would."""

    def __init__(self, checks: MetaPathFinder) -> None:
        self.checks = checks

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = self.checks.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = CheckedLoader(spec.loader)
        return spec


def checked_once(*, typechecker: Any) -> Callable[[Any], Any]:
    """Return a decorator that checks types and shapes of a call as jaxtyping's does, but each argument once.

    Classes, generators, and axes that are computed from arguments ("{count} z") are left to jaxtyping.
    """

    def decorate(decorated: Any) -> Any:
        if inspect.isclass(decorated) or inspect.isgeneratorfunction(decorated) or "{" in str(annotations(decorated)):
            return jaxtyped(decorated, typechecker=typechecker)
        checked = typechecker(decorated)

        @functools.wraps(decorated)
        def within(*args: Any, **options: Any) -> Any:
            with AXES_OF_ONE_CALL:
                return checked(*args, **options)

        return within

    return decorate


def annotations(function: Callable[..., Any]) -> Sequence[Any]:
    """Return the types in a function's signature."""
    return list(inspect.get_annotations(function).values())


def check_shapes(modules: Sequence[str], checker: str) -> None:
    """Check shapes in the signatures of `modules`, which must not be imported yet."""
    vars(jaxtyping).update(jaxtyped=checked_once)
    checks = install_import_hook(modules, checker).hook
    kinds = [type(finder).__name__ for finder in sys.meta_path]
    if COVERAGE in kinds:
        sys.meta_path.remove(checks)
        sys.meta_path.insert(kinds.index(COVERAGE), CheckedFinder(checks))
