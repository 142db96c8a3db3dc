"""Shape checks of signatures that work together with coverage measurement.

The import hooks of jaxtyping and slipcover both replace the loader of a module, and the first one wins. This finder
comes after slipcover's, which wraps the loaders it finds. It compiles a module at every import, because the byte code
that Python caches for the plain module has no checks.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType

from jaxtyping import install_import_hook

COVERAGE = "SlipcoverMetaPathFinder"


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


def check_shapes(modules: Sequence[str], checker: str) -> None:
    """Check shapes in the signatures of `modules`, which must not be imported yet."""
    checks = install_import_hook(modules, checker).hook
    kinds = [type(finder).__name__ for finder in sys.meta_path]
    if COVERAGE in kinds:
        sys.meta_path.remove(checks)
        sys.meta_path.insert(kinds.index(COVERAGE), CheckedFinder(checks))
