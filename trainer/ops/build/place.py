"""Locations of builds: one folder per content of the sources, created atomically by renaming.

    ROOT/cpu-<key>/   x86-64-v3.so x86-64-v4.so manifest.json
    ROOT/cuda-<key>/  cuda.so manifest.json

ROOT is ADASWEEP_OPS, or ~/.cache/adasweep/ops, or else `prebuilt` in this package, which a wheel contains. The key is a
hash of all sources and compiler flags, so a worker finds its build without a compiler, and never uses an outdated one.
"""

import hashlib
import json
import os
import platform
from pathlib import Path
from typing import Any, Literal

from trainer.ops.build.recipes import CPU_FLAGS, CPU_VARIANTS, CUDA_FLAGS, GENERIC, WANTED_ARCHITECTURES, X86_FLAGS

BuildKind = Literal["cpu", "cuda"]

SOURCES = Path(__file__).resolve().parents[1] / "csrc"
PREBUILT = SOURCES.with_name("prebuilt")
MANIFEST = "manifest.json"
SHOWN_DIGITS = 8
CAPABILITY = "ATEN_CPU_CAPABILITY"
BELOW_AVX512 = ("default", "avx2")


def root() -> Path:
    """Return the folder of all builds made on this machine; it may not exist."""
    return Path(os.environ.get("ADASWEEP_OPS") or Path.home() / ".cache" / "adasweep" / "ops")


def key(kind: BuildKind) -> str:
    """Return the hash of the sources and flags of a build of this kind."""
    recipe = [CPU_FLAGS, X86_FLAGS, sorted(CPU_VARIANTS)] if kind == "cpu" else [CUDA_FLAGS, WANTED_ARCHITECTURES]
    digest = hashlib.sha256(json.dumps([kind, platform.machine(), recipe]).encode())
    for source in sources(kind):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def sources(kind: BuildKind) -> list[Path]:
    """Return the source files of a build of this kind."""
    others = ("cuda",) if kind == "cpu" else ("channels", "cpu", "parallel", "rows")
    return sorted(source for source in SOURCES.iterdir() if not source.name.startswith(others))


def folder(kind: BuildKind) -> Path:
    """Return the folder of the current sources' build: this machine's, or the wheel's, or where it is to be built."""
    prebuilt, own = PREBUILT / _folder_name(kind), own_folder(kind)
    return prebuilt if (prebuilt / MANIFEST).exists() and not (own / MANIFEST).exists() else own


def own_folder(kind: BuildKind) -> Path:
    """Return the folder in which this machine builds the current sources."""
    return root() / _folder_name(kind)


def _folder_name(kind: BuildKind) -> str:
    return f"{kind}-{key(kind)}"


def manifest(kind: BuildKind) -> dict[str, Any] | None:
    """Return the manifest of the build of the current sources, None if there is none."""
    try:
        found: dict[str, Any] = json.loads((folder(kind) / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def variant() -> str | None:
    """Return the best variant of the CPU library for this processor, None if it supports none.

    ATEN_CPU_CAPABILITY, which restricts torch to AVX2, restricts it too.
    """
    if platform.machine() != "x86_64":
        return GENERIC
    flags = _cpu_flags()
    if os.environ.get(CAPABILITY) in BELOW_AVX512:
        flags = {flag for flag in flags if not flag.startswith("avx512")}
    return next((name for name, needed in CPU_VARIANTS.items() if needed <= flags), None)


def library(kind: BuildKind) -> Path | None:
    """Return the library for this machine, None if it is not built."""
    name = "cuda" if kind == "cuda" else variant()
    path = folder(kind) / f"{name}.so"
    return path if name and path.exists() else None


def name(kind: BuildKind) -> str:
    """Return the name of the build in records: native, its kind or variant, and the first digits of its key."""
    return f"native {'cuda' if kind == 'cuda' else variant()} {key(kind)[:SHOWN_DIGITS]}"


def _cpu_flags() -> set[str]:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()
