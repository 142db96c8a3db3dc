"""python -m trainer export: one network of a snapshot as a plain state dict for other programs."""

import argparse
import sys
from pathlib import Path

import safetensors.torch

from trainer.files import replace_file
from trainer.state.snapshot import read_header, tensors_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example:\n  python -m trainer export snapshots/best.safetensors generator.safetensors"
    parser.add_argument("source", type=Path, help="the snapshot")
    parser.add_argument("target", type=Path, help="the safetensors file to write; load it with load_state_dict")
    parser.add_argument("--network", choices=["G", "D", "G_ema"], default="G_ema", help="which one (default: G_ema)")


def execute(arguments: argparse.Namespace) -> int:
    """Write the state dict, and say of what."""
    header = read_header(arguments.source)
    tensors = tensors_of(arguments.source, arguments.network)
    replace_file(arguments.target, safetensors.torch.save(tensors))
    sys.stdout.write(f"{arguments.target}: {arguments.network} after {header.images} images, {header.origin}\n")
    return 0
