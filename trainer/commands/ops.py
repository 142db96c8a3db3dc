"""python -m trainer ops: build the compiled operations ahead of time, or show their status."""

import json
from typing import Annotated

import typer

from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import JsonOption
from trainer.ops.build import place
from trainer.ops.build.build import build as build_library
from trainer.ops.build.status import status as status_of_libraries
from trainer.ops.build.toolchain import NO_COMPILER, NO_NVCC, cxx, nvcc
from trainer.runtime.console import log, print_result

BUILD_EXAMPLES = """Examples:
  adasweep ops build                    CPU, and CUDA if nvcc is found
  adasweep ops build --cuda             CUDA; fails if something is missing
  adasweep ops build --cpu --optional   CPU; only a note if there is no compiler
"""
STATUS_EXAMPLES = """Example:
  adasweep ops status --json
"""
COST_OF_REFERENCE = "1.3 to 1.8 times as long (docs/performance.md)"
CpuOption = Annotated[bool, typer.Option("--cpu", help="Build only the CPU library.")]
CudaOption = Annotated[bool, typer.Option("--cuda", help="Build only the CUDA library.")]
OptionalOption = Annotated[
    bool, typer.Option("--optional", help="Without a C++ compiler, print what that costs, and succeed.")
]
AgainOption = Annotated[bool, typer.Option("--again", help="Rebuild even if up to date.")]

app = new_app("Build the compiled operations ahead of time, or show their status.")


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
        log(f"adasweep: no compiled operations, so training takes {COST_OF_REFERENCE}: {NO_COMPILER}")
        return 0
    both = not (cpu or cuda)
    kinds: list[place.BuildKind] = ["cpu"] if cpu or both else []
    if cuda or (both and nvcc()):
        kinds.append("cuda")
    elif both:
        log(f"skipping CUDA: {NO_NVCC}")
    for kind in kinds:
        log(f"building {kind} operations into {place.folder(kind)}")
        build_library(kind, again)
    return status(as_json)


@app.command(epilog=epilog(STATUS_EXAMPLES))
def status(as_json: JsonOption = False) -> int:
    """Show which operations are compiled, and what the others need."""
    if as_json:
        print_result(json.dumps([one._asdict() for one in status_of_libraries()]))
    else:
        for one in status_of_libraries():
            print_result(f"{one.kind}: {one.detail}")
    return 0
