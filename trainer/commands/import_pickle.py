"""python -m trainer import: convert an official network pickle to a snapshot, without executing anything in it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from trainer.command_line.group import epilog, new_app
from trainer.state.official_pickle import import_pickle

EXAMPLES = """Example:
  python -m trainer import ffhq.pkl ffhq.safetensors
"""
SourceArgument = Annotated[
    Path, typer.Argument(metavar="SOURCE", help="A .pkl of the official PyTorch implementation.")
]
TargetArgument = Annotated[Path, typer.Argument(metavar="TARGET", help="Snapshot to write, .safetensors.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def execute(source: SourceArgument, target: TargetArgument) -> int:
    """Convert an official network pickle to a snapshot. Nothing in the pickle is executed."""
    networks = import_pickle(source, target)
    sys.stdout.write(f"{target}: {networks.resolution}x{networks.resolution}, {networks.channels} channels\n")
    return 0
