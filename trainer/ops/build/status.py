"""The status of builds for this machine, one line per kind."""

from typing import Literal, NamedTuple

from trainer.ops.build import place
from trainer.ops.build.recipes import CPU_VARIANTS
from trainer.ops.build.toolchain import NO_COMPILER, NO_NVCC, cxx, nvcc

BUILD = "build with: adasweep ops build"


class Status(NamedTuple):
    """Whether the native operations of a kind can be used, and details."""

    kind: place.BuildKind
    verdict: Literal["ok", "note", "wrong"]
    detail: str


def status() -> list[Status]:
    """Return the status of both kinds."""
    return [_status_of("cpu"), _status_of("cuda")]


def _status_of(kind: place.BuildKind) -> Status:
    if kind == "cpu" and place.variant() is None:
        fewest = list(CPU_VARIANTS)[-1]
        return Status(kind, "note", f"this processor is below {fewest}: training uses the reference operations")
    manifest, library = place.manifest(kind), place.library(kind)
    if manifest is not None and library is None:
        return Status(kind, "wrong", f"{place.folder(kind)} is incomplete; build with: adasweep ops build --again")
    if manifest is not None:
        return Status(kind, "ok", f"{place.name(kind)}, by {manifest['compiler']}, in {place.folder(kind)}")
    compiler = cxx() if kind == "cpu" else nvcc()
    missing = NO_COMPILER if kind == "cpu" else NO_NVCC
    return Status(kind, "note", f"not built; {BUILD}" if compiler else f"not built; {missing}")
