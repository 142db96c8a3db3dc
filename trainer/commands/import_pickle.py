"""python -m trainer import: an official network pickle becomes a snapshot; nothing in it is executed."""

import argparse
import sys
from pathlib import Path

from trainer.state.official_pickle import import_pickle


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example:\n  python -m trainer import ffhq.pkl ffhq.safetensors"
    parser.add_argument("source", type=Path, help="the .pkl of the official PyTorch implementation")
    parser.add_argument("target", type=Path, help="the snapshot to write, .safetensors")


def execute(arguments: argparse.Namespace) -> int:
    """Convert, and say what it was."""
    networks = import_pickle(arguments.source, arguments.target)
    sys.stdout.write(f"{arguments.target}: {networks.resolution}x{networks.resolution}, {networks.channels} channels\n")
    return 0
