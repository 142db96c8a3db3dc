"""The source archive has everything that a wheel is built from, and says which compiler is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.building import adasweep, copied_sources, environment, install
from trainer.ops.build.place import variant
from trainer.ops.build.toolchain import NO_COMPILER, cxx

BUILD = "from setuptools import build_meta; build_meta.build_sdist('dist')"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = copied_sources(tmp_path_factory.mktemp("archive"))
    (sources / "orchestrator" / "built_from.txt").write_text(COMMIT)
    subprocess.run([sys.executable, "-c", BUILD], cwd=sources, check=True, stdout=subprocess.DEVNULL)
    (built,) = (sources / "dist").glob("adasweep-*.tar.gz")
    return built


@pytest.mark.skipif(cxx() is None or variant() is None, reason="no C++ compiler, or a processor without AVX2")
def test_installing_the_source_archive_compiles_the_operations(archive: Path, tmp_path: Path) -> None:
    python = environment(tmp_path)
    install(python, archive, ADASWEEP_WHEEL_OPS="cpu")
    command = python.with_name("adasweep")
    version, cpu, _ = adasweep(command, tmp_path, "--version").splitlines()
    assert version.endswith(f"commit {COMMIT[:12]}")
    assert cpu.startswith("cpu operations: native")
    assert "demo" in adasweep(command, tmp_path, "sweeps")


def test_without_a_compiler_the_installation_names_it_and_works(archive: Path, tmp_path: Path) -> None:
    python = environment(tmp_path)
    variables = {"PATH": str(python.parent), "CXX": "", "NVCC": "", "ADASWEEP_OPS": str(tmp_path / "operations")}
    printed = install(python, archive, "-v", ADASWEEP_WHEEL_OPS="cpu", **variables)
    assert f"no compiled operations for cpu ({NO_COMPILER})" in printed
    assert "cpu operations: not built; no C++ compiler" in adasweep(python.with_name("adasweep"), tmp_path, "--version")
