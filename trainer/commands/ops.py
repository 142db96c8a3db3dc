"""python -m trainer ops: build the compiled operations ahead of time, or say what there is and what is missing."""

import argparse
import json

from trainer.ops.build import place
from trainer.ops.build.build import build
from trainer.ops.build.status import status
from trainer.ops.build.toolchain import NO_NVCC, nvcc
from trainer.runtime.console import result, say

EXAMPLES = """examples:
  python -m trainer ops build            CPU, and CUDA where there is an nvcc
  python -m trainer ops build --cuda     CUDA, or exit code 2 with what is missing
  python -m trainer ops status --json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("what", choices=["build", "status"])
    parser.add_argument("--cpu", action="store_true", help="only the CPU library")
    parser.add_argument("--cuda", action="store_true", help="only the CUDA library")
    parser.add_argument("--again", action="store_true", help="even if there is one")
    parser.add_argument("--json", action="store_true", help="of `status`, for a program")


def execute(arguments: argparse.Namespace) -> int:
    """Build, or print the status."""
    if arguments.what == "build":
        _build(arguments)
    if arguments.json:
        result(json.dumps([one._asdict() for one in status()]))
    else:
        for one in status():
            result(f"{one.kind}: {one.detail}")
    return 0


def _build(arguments: argparse.Namespace) -> None:
    both = not (arguments.cpu or arguments.cuda)
    kinds: list[place.Kind] = ["cpu"] if arguments.cpu or both else []
    if arguments.cuda or (both and nvcc()):
        kinds.append("cuda")
    elif both:
        say(f"CUDA is left out: {NO_NVCC}")
    for kind in kinds:
        say(f"building {kind} operations into {place.folder(kind)}")
        build(kind, arguments.again)
