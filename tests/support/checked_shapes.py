"""Checks of shapes in signatures that can be measured for coverage, too.

jaxtyping's import hook and slipcover's replace the loader of a module, and the one that comes first wins. This finder
stands behind slipcover's, which wraps what it finds. It compiles a module at every import: the byte code that Python
caches for the plain module would be without checks.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType

from jaxtyping import install_import_hook

COVERAGE = "SlipcoverMetaPathFinder"


class CheckedLoader(SourceFileLoader):
    """Gives the code of a module with checks, compiled anew."""

    def __init__(self, checks: SourceFileLoader) -> None:
        super().__init__(checks.name, checks.path)
        self.checks = checks

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.checks.source_to_code(self.get_data(path), path)
        return code


class CheckedFinder(MetaPathFinder):
    """Finds what jaxtyping's finder would."""

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
    """Check shapes in the signatures of `modules`, from their import on."""
    checks = install_import_hook(modules, checker).hook
    kinds = [type(finder).__name__ for finder in sys.meta_path]
    if COVERAGE in kinds:
        sys.meta_path.remove(checks)
        sys.meta_path.insert(kinds.index(COVERAGE), CheckedFinder(checks))
