"""Where builds are: one folder for each content of the sources, which appears whole by renaming.

    ROOT/cpu-<key>/   x86-64-v3.so x86-64-v4.so manifest.json
    ROOT/cuda-<key>/  cuda.so manifest.json

ROOT is ADASWEEP_OPS, or ~/.cache/adasweep/ops, or else the package's own folder `prebuilt`, which a wheel brings along.
The key is a hash of all sources and of how they are compiled, so a
worker needs no compiler to know the folder of its own build, and a folder of another age is never looked at.
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


def root() -> Path:
    """Return the folder of all builds made on this machine; it may not exist."""
    return Path(os.environ.get("ADASWEEP_OPS") or Path.home() / ".cache" / "adasweep" / "ops")


def key(kind: BuildKind) -> str:
    """Return the hash of what a build of this kind is made of."""
    recipe = [CPU_FLAGS, X86_FLAGS, sorted(CPU_VARIANTS)] if kind == "cpu" else [CUDA_FLAGS, WANTED_ARCHITECTURES]
    digest = hashlib.sha256(json.dumps([kind, platform.machine(), recipe]).encode())
    for source in sources(kind):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def sources(kind: BuildKind) -> list[Path]:
    """Return the files a build of this kind is made of."""
    others = ("cuda",) if kind == "cpu" else ("channels", "cpu", "parallel", "rows")
    return sorted(source for source in SOURCES.iterdir() if not source.name.startswith(others))


def folder(kind: BuildKind) -> Path:
    """Return where the build of the present sources is: this machine's, or else the package's, or where it belongs."""
    prebuilt, own = PREBUILT / _name_of_folder(kind), own_folder(kind)
    return prebuilt if (prebuilt / MANIFEST).exists() and not (own / MANIFEST).exists() else own


def own_folder(kind: BuildKind) -> Path:
    """Return where this machine builds the present sources."""
    return root() / _name_of_folder(kind)


def _name_of_folder(kind: BuildKind) -> str:
    return f"{kind}-{key(kind)}"


def manifest(kind: BuildKind) -> dict[str, Any] | None:
    """Return what is known of the build of the present sources, None where there is none."""
    try:
        found: dict[str, Any] = json.loads((folder(kind) / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def variant() -> str | None:
    """Return the best variant of the CPU library for this processor, None where it has none of them."""
    if platform.machine() != "x86_64":
        return GENERIC
    flags = _cpu_flags()
    return next((name for name, needed in CPU_VARIANTS.items() if needed <= flags), None)


def library(kind: BuildKind) -> Path | None:
    """Return the library for this machine, None where it is not built."""
    name = "cuda" if kind == "cuda" else variant()
    path = folder(kind) / f"{name}.so"
    return path if name and path.exists() else None


def name(kind: BuildKind) -> str:
    """Return what records call the build: native, its kind or variant, and the first digits of its key."""
    return f"native {'cuda' if kind == 'cuda' else variant()} {key(kind)[:SHOWN_DIGITS]}"


def _cpu_flags() -> set[str]:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()
