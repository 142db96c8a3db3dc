"""The arguments of `data` and its commands, with examples for each."""

import argparse
from pathlib import Path
from typing import Any, get_args

from trainer.data.prepare import KINDS
from trainer.data.readers.images import Labels
from trainer.data.registry import REGISTRY
from trainer.data.resize import Filter, Fit

Subparsers = Any
"""What argparse's `add_subparsers` returns; its class has no public name."""

EXAMPLES = {
    "data": """examples:
  adasweep data list
  adasweep data get fashion-mnist-10k
  adasweep data prepare ~/photos cats.zip --resolution 64 --fit crop --filter box
  adasweep data describe cats.zip --json""",
    "get": """examples:
  adasweep data get fashion-mnist-10k           travels inside the project: needs no network
  adasweep data get fashion-mnist satellite32""",
    "prepare": """examples:
  adasweep data prepare ~/photos cats --resolution 128             to STORE/data/cats.zip, known as `cats`
  adasweep data prepare cifar-10-python.tar.gz cifar10.zip         the 50,000 training images and their classes
  adasweep data prepare mnist/ mnist --resolution 32 --fit pad     28x28 in the middle of 32x32
  adasweep data prepare ffhq-tfrecords/ ffhq256 --resolution 256 --filter box
  adasweep data prepare animals/ animals --resolution 64 --labels folders""",
    "verify": """examples:
  adasweep data verify fashion-mnist-10k
  adasweep data verify ~/photos --json""",
    "describe": """examples:
  adasweep data describe fashion-mnist-10k
  adasweep data describe ~/photos.zip --json""",
    "list": """examples:
  adasweep data list --json""",
}


def add_parser(subparsers: Subparsers) -> None:
    """Add `data` and its commands to a program's commands."""
    configure(_command(subparsers, "data", "Get, prepare, verify, describe and list data sets."))


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the commands of `data` on a parser of its own."""
    parser.epilog = EXAMPLES["data"]
    commands = parser.add_subparsers(dest="data_command", metavar="COMMAND", required=True)
    _add_get(commands)
    _add_prepare(commands)
    for name, text in (
        ("verify", "Decode every image of a set; look for damage and duplicates."),
        ("describe", "Tell what a set is, without decoding it."),
    ):
        parser = _command(commands, name, text)
        parser.add_argument("data", metavar="NAME-OR-PATH", help="a set in STORE/data by name, a folder or a ZIP file")
        _add_common(parser)
    _add_common(_command(commands, "list", "List the sets in STORE/data, and those that can be got."))


def _add_get(commands: Subparsers) -> None:
    names = ", ".join(REGISTRY)
    parser = _command(commands, "get", "Bring named sets to STORE/data; nothing else ever fetches any.")
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"one of: {names}")
    _add_common(parser)


def _add_prepare(commands: Subparsers) -> None:
    parser = _command(commands, "prepare", f"Convert {KINDS} to a ZIP that can be trained from.")
    parser.add_argument("source", metavar="SOURCE", help="what to convert")
    parser.add_argument("target", metavar="TARGET", help="a bare name for STORE/data/NAME.zip, or a path")
    parser.add_argument("--resolution", type=int, metavar="PIXELS", help="a power of two (default: that of the images)")
    parser.add_argument("--fit", choices=get_args(Fit), default="crop", help="cut out the middle, or add a border")
    parser.add_argument("--filter", choices=get_args(Filter), default="lanczos", help="how to resize; it changes FID")
    parser.add_argument("--channels", type=int, choices=(1, 2, 3, 4), default=0, help="grey, grey+alpha, RGB, RGBA")
    parser.add_argument("--max-images", type=int, metavar="N", help="only the first N")
    parser.add_argument("--labels", choices=get_args(Labels), default="keep", help="classes to write")
    parser.add_argument("--force", action="store_true", help="replace TARGET")
    _add_common(parser)


def _command(subparsers: Subparsers, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=text,
        description=text,
        epilog=EXAMPLES[name],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", type=Path, help="where everything is kept (default: ADASWEEP_STORE, or ./store)")
    parser.add_argument("--data-dir", type=Path, help="where data sets are kept (default: STORE/data)")
    parser.add_argument("--json", action="store_true", help="answer with JSON on standard output")
