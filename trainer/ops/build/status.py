"""What is built for this machine, and what is missing: one line for each kind."""

from typing import Literal, NamedTuple

from trainer.ops.build import place
from trainer.ops.build.recipes import CPU_VARIANTS
from trainer.ops.build.toolchain import NO_COMPILER, NO_NVCC, cxx, nvcc

BUILD = "build with: adasweep ops build"


class Status(NamedTuple):
    """Whether the native operations of a kind can be used, and what is to be said of it."""

    kind: place.BuildKind
    verdict: Literal["ok", "note", "wrong"]
    detail: str


def status() -> list[Status]:
    """Look at both kinds."""
    return [_look("cpu"), _look("cuda")]


def _look(kind: place.BuildKind) -> Status:
    if kind == "cpu" and place.variant() is None:
        fewest = list(CPU_VARIANTS)[-1]
        return Status(kind, "note", f"this processor is below {fewest}: training uses the reference operations")
    told, library = place.manifest(kind), place.library(kind)
    if told is not None and library is None:
        return Status(kind, "wrong", f"{place.folder(kind)} is not whole; build with: adasweep ops build --again")
    if told is not None:
        return Status(kind, "ok", f"{place.name(kind)}, by {told['compiler']}, in {place.folder(kind)}")
    compiler = cxx() if kind == "cpu" else nvcc()
    missing = NO_COMPILER if kind == "cpu" else NO_NVCC
    return Status(kind, "note", f"not built; {BUILD}" if compiler else f"not built; {missing}")
