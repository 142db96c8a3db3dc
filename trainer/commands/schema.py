"""python -m trainer schema: the JSON schema of TrainConfig or RunOptions."""

import json
import sys
from typing import Annotated

import typer

from trainer.command_line.group import epilog, new_app
from trainer.config.options import RunOptions
from trainer.config.train import TrainConfig

EXAMPLES = """Example:
  python -m trainer schema > train_config.json
"""
OptionsOption = Annotated[bool, typer.Option("--options", help="Print that of RunOptions instead of TrainConfig.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def schema(options: OptionsOption = False) -> int:
    """Print the JSON schema of a configuration."""
    model = RunOptions if options else TrainConfig
    sys.stdout.write(json.dumps(model.model_json_schema(), indent=1) + "\n")
    return 0
