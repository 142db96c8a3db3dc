"""python -m trainer schema: the JSON schema of TrainConfig or RunOptions."""

import argparse
import json
import sys

from trainer.config.options import RunOptions
from trainer.config.train import TrainConfig


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--options", action="store_true", help="of RunOptions instead of TrainConfig")


def execute(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    model = RunOptions if arguments.options else TrainConfig
    sys.stdout.write(json.dumps(model.model_json_schema(), indent=1) + "\n")
    return 0
