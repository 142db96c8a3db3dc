"""python -m trainer ops: build the compiled operations ahead of time, or say what there is and what is missing."""

import json
from typing import Annotated

import typer

from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import JsonOption
from trainer.ops.build import place
from trainer.ops.build.build import build as build_library
from trainer.ops.build.status import status as status_of_libraries
from trainer.ops.build.toolchain import NO_COMPILER, NO_NVCC, cxx, nvcc
from trainer.runtime.console import result, say

BUILD_EXAMPLES = """Examples:
  adasweep ops build                    CPU, and CUDA where there is an nvcc
  adasweep ops build --cuda             CUDA, or an error that says what is missing
  adasweep ops build --cpu --optional   CPU; without a compiler, a note that training will be slower
"""
STATUS_EXAMPLES = """Example:
  adasweep ops status --json
"""
COST_OF_REFERENCE = "1.2 to 1.6 times as long (docs/performance.md)"
CpuOption = Annotated[bool, typer.Option("--cpu", help="Only the CPU library.")]
CudaOption = Annotated[bool, typer.Option("--cuda", help="Only the CUDA library.")]
OptionalOption = Annotated[
    bool, typer.Option("--optional", help="Without a C++ compiler, only say what that costs, and succeed.")
]
AgainOption = Annotated[bool, typer.Option("--again", help="Build it even if there is one.")]

app = new_app("Build the compiled operations ahead of time, or show what is missing.")


@app.command(epilog=epilog(BUILD_EXAMPLES))
def build(
    cpu: CpuOption = False,
    cuda: CudaOption = False,
    again: AgainOption = False,
    optional: OptionalOption = False,
    as_json: JsonOption = False,
) -> int:
    """Build the compiled operations, and print the status."""
    if optional and place.manifest("cpu") is None and cxx() is None:
        say(f"adasweep: no compiled operations, so training takes {COST_OF_REFERENCE}: {NO_COMPILER}")
        return 0
    both = not (cpu or cuda)
    kinds: list[place.BuildKind] = ["cpu"] if cpu or both else []
    if cuda or (both and nvcc()):
        kinds.append("cuda")
    elif both:
        say(f"CUDA is left out: {NO_NVCC}")
    for kind in kinds:
        say(f"building {kind} operations into {place.folder(kind)}")
        build_library(kind, again)
    return status(as_json)


@app.command(epilog=epilog(STATUS_EXAMPLES))
def status(as_json: JsonOption = False) -> int:
    """Show which operations are compiled, and what is missing for the others."""
    if as_json:
        result(json.dumps([one._asdict() for one in status_of_libraries()]))
    else:
        for one in status_of_libraries():
            result(f"{one.kind}: {one.detail}")
    return 0
