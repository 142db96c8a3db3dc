"""Builds appear atomically, are content-addressed, and are never made or waited for by workers."""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
import torch

from tests.ops.test_inverted_residual import block
from trainer.errors import UserError
from trainer.ops import choice
from trainer.ops.build import build as building
from trainer.ops.build import place, recipes, status, toolchain
from trainer.ops.convolution import convolve
from trainer.ops.kernels import Kernels, using
from trainer.ops.native import abi, library
from trainer.ops.native.inverted_residual import blocked

TRIVIAL = """#include <cstdint>
#define EXPORT extern "C" __attribute__((visibility("default")))
EXPORT int64_t adasweep_abi() { return %d; }
EXPORT const char* adasweep_error(int) { return ""; }
"""
needs_compiler = pytest.mark.skipif(toolchain.cxx() is None, reason=toolchain.NO_COMPILER)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty root of builds."""
    monkeypatch.setenv("ADASWEEP_OPS", str(tmp_path / "ops"))
    return tmp_path / "ops"


@pytest.fixture
def small(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources that compile quickly, and an empty root of builds."""
    assert not empty.exists()
    sources = tmp_path / "csrc"
    sources.mkdir()
    (sources / "cpu.cpp").write_text(TRIVIAL % abi.VERSION)
    monkeypatch.setattr(place, "SOURCES", sources)
    return sources


@needs_compiler
def test_a_build_is_named_by_its_content(small: Path) -> None:
    first = building.build("cpu")
    assert {file.name for file in first.iterdir()} >= {place.MANIFEST, f"{place.variant()}.so"}
    (small / "cpu.cpp").write_text(TRIVIAL % abi.VERSION + "// another age\n")
    assert place.library("cpu") is None
    assert building.build("cpu") != first
    (small / "cuda.cu").write_text("not what the CPU library is made of")
    assert place.library("cpu") is not None


@needs_compiler
def test_a_failed_build_leaves_nothing_and_says_why(small: Path, empty: Path) -> None:
    (small / "cpu.cpp").write_text("int broken( {")
    with pytest.raises(UserError, match="error"):
        building.build("cpu")
    assert list(empty.iterdir()) == []


@needs_compiler
@pytest.mark.usefixtures("small")
def test_of_two_builders_at_once_the_first_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = place.folder("cpu")
    describe = building._describe

    def overtaken(part: Path, compiler: toolchain.Compiler) -> None:
        describe(part, compiler)
        ours.mkdir(parents=True)
        (ours / place.MANIFEST).write_text("{}")

    monkeypatch.setattr(building, "_describe", overtaken)
    assert building.build("cpu") == ours
    assert (ours / place.MANIFEST).read_text() == "{}"
    assert [entry.name for entry in ours.parent.iterdir()] == [ours.name]


@needs_compiler
def test_a_library_of_another_interface_is_refused(small: Path) -> None:
    (small / "cpu.cpp").write_text(TRIVIAL % (abi.VERSION + 1))
    building.build("cpu")
    path = place.library("cpu")
    assert path is not None
    with pytest.raises(UserError, match="interface"):
        library.Library(path, "cpu")


def test_without_compilers_it_says_what_is_missing(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UserError, match=r"no C\+\+ compiler; install one"):
        building.build("cpu")
    printed = {one.kind: one for one in status.status()}
    assert "no C++ compiler" in printed["cpu"].detail
    assert "no nvcc" in printed["cuda"].detail


def test_nvcc_counts_only_with_a_cpp_compiler_and_calls_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "compiler"
    tool.write_text("#!/bin/sh\necho release 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("NVCC", str(tool))
    monkeypatch.setenv("CXX", "")
    assert toolchain.nvcc() is None
    monkeypatch.setenv("CXX", str(tool))
    assert toolchain.nvcc() == (str(tool), "release 1")
    assert toolchain.host_options() == [f"-ccbin={tool}"]


@pytest.mark.usefixtures("empty")
def test_auto_without_a_build_is_the_reference_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert choice.choose("auto", "cpu").name == "reference"
    assert capsys.readouterr().err.count("\n") == 1
    assert choice.choose("reference", "cpu").name == "reference"
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("empty")
def test_native_without_a_build_is_an_error() -> None:
    with pytest.raises(UserError, match="not built"):
        choice.choose("native", "cpu")


def _work(results: "Queue[float]") -> None:
    kernels = choice.choose("native", "cpu")
    results.put(float(kernels.leaky_relu(torch.full([4], -5.0), None).sum()))


@pytest.mark.usefixtures("native")
def test_fifty_workers_start_at_once_beside_what_a_killed_builder_left() -> None:
    folder = place.folder("cpu")
    stale = [folder.with_name(f"{folder.name}.lock"), folder.with_name(f".{folder.name}.dead.part")]
    for left in stale:
        left.touch()
    try:
        context = multiprocessing.get_context("fork")
        results: Queue[float] = context.Queue()
        workers = [context.Process(target=_work, args=(results,)) for _ in range(50)]
        for worker in workers:
            worker.start()
        assert [results.get(timeout=60) for _ in workers] == [-4.0] * 50
        for worker in workers:
            worker.join(timeout=60)
            assert worker.exitcode == 0
    finally:
        for left in stale:
            left.unlink(missing_ok=True)


@pytest.mark.usefixtures("empty")
def test_status_needs_no_torch() -> None:
    look = "from trainer.__main__ import main; main(['ops', 'status', '--json'])"
    code = f"import sys; {look}; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert {row["kind"] for row in json.loads(done.stdout)} == {"cpu", "cuda"}


def test_the_switch_that_restricts_torch_to_avx2_restricts_the_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(place, "_cpu_flags", lambda: set().union(*recipes.CPU_VARIANTS.values()))
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    assert place.variant() == "x86-64-v4"
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    assert place.variant() == "x86-64-v3"


def test_every_variant_computes_the_same_bit_for_bit(native: Kernels) -> None:
    torch.manual_seed(0)
    x, scale, noise, bias = torch.randn(2, 32, 9, 9), torch.randn(2, 32), torch.randn(9, 9), torch.randn(32)
    weight, inverted = torch.randn(32, 32, 3, 3), block()
    found = []
    for name in ("x86-64-v3", place.variant()):
        library.serve({"cpu": library.Library(place.folder("cpu") / f"{name}.so", "cpu")})
        own = [t.clone().requires_grad_() for t in (weight, x, scale, noise, bias)]
        with using(native):
            half = convolve(own[1], own[0], stride=2)
            whole = convolve(half, own[0], stride=2, transposed=True)
            y = native.finish(convolve(whole, own[0], padding=1), own[2], own[3], own[4], 1.0)
        features = inverted(blocked(x[:, :16, :8, :8]))
        found.append([features, y, *torch.autograd.grad(y.square().sum(), own)])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


@pytest.mark.parametrize("of_the_folder", [False, True])
def test_a_library_that_others_can_write_is_not_loaded(tmp_path: Path, *, of_the_folder: bool) -> None:
    path = tmp_path / "ops" / "x.so"
    path.parent.mkdir()
    path.touch()
    (path.parent if of_the_folder else path).chmod(0o777)
    with pytest.raises(UserError, match="mode 0777: others could have put code there"):
        library.Library(path, "cpu")
