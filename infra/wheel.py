"""How a wheel and a source archive are built: with compiled operations, or their sources, and the commit they are of.

Everything imported here is the standard library, setuptools, or a part of the project that needs no other package:
a build in isolation has no more.
"""

import os
import shutil
import sys
from pathlib import Path

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from orchestrator.store.commit import BUILT_FROM, commit_of  # noqa: E402
from trainer.ops.build.build import build  # noqa: E402
from trainer.ops.build.place import PREBUILT, BuildKind  # noqa: E402
from trainer.ops.build.toolchain import NO_COMPILER, NO_NVCC, cxx, nvcc  # noqa: E402


def kinds() -> list[BuildKind]:
    """Return the kinds of operations that the wheel brings along: ADASWEEP_WHEEL_OPS, or all that can be compiled."""
    wanted = os.environ.get("ADASWEEP_WHEEL_OPS", "cpu cuda").split()
    compilers: dict[BuildKind, object] = {"cpu": cxx(), "cuda": nvcc()}
    return [kind for kind, compiler in compilers.items() if kind in wanted and compiler]


class BuildWithOperations(build_py):
    """Copy the packages, compile the operations, and note the commit. An editable installation is left as it is."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            _add_operations(Path(self.build_lib))
            _note_commit(Path(self.build_lib))


def _note_commit(packages: Path) -> None:
    (packages / BUILT_FROM).write_text(commit_of(ROOT) + "\n", encoding="ascii")


def _add_operations(packages: Path) -> None:
    for kind in kinds():
        compiled = build(kind)
        target = packages / PREBUILT.relative_to(ROOT) / compiled.name
        shutil.copytree(compiled, target, ignore=shutil.ignore_patterns("*.log"), dirs_exist_ok=True)
    for kind, missing in (("cpu", NO_COMPILER), ("cuda", NO_NVCC)):
        if kind not in kinds():
            sys.stderr.write(f"adasweep: the wheel has no compiled operations for {kind} ({missing})\n")


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3, and for this platform if it brings compiled operations along."""

    def finalize_options(self) -> None:
        self.distribution.has_ext_modules = lambda: bool(kinds())  # type: ignore[method-assign]
        super().finalize_options()

    def get_tag(self) -> tuple[str, str, str]:
        _, _, platform = super().get_tag()
        return "py3", "none", platform


class SourceArchive(sdist):
    """All that a wheel is built from. Installing it compiles the operations, or says which compiler is missing."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        _note_commit(Path(base_dir))
