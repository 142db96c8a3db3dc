"""python -m trainer export: one network of a snapshot as a plain state dict for other programs."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import safetensors.torch
import typer

from trainer.command_line.group import epilog, new_app
from trainer.commands.arguments import SnapshotArgument
from trainer.files import replace_file
from trainer.state.snapshot import read_header, tensors_of

EXAMPLES = """Example:
  python -m trainer export snapshots/best.safetensors generator.safetensors
"""
TargetArgument = Annotated[
    Path, typer.Argument(metavar="TARGET", help="Safetensors file to write, for load_state_dict.")
]
NetworkOption = Annotated[Literal["G", "D", "G_ema"], typer.Option("--network", help="Network to export.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def export(snapshot: SnapshotArgument, target: TargetArgument, network: NetworkOption = "G_ema") -> int:
    """Write one network of a snapshot as a plain state dict for other programs."""
    header = read_header(snapshot)
    tensors = tensors_of(snapshot, network)
    replace_file(target, safetensors.torch.save(tensors))
    sys.stdout.write(f"{target}: {network} after {header.images} images, {header.origin}\n")
    return 0
