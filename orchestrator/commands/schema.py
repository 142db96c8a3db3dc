"""adasweep schema: the JSON schema of sweep files."""

from orchestrator.commands.output import print_json
from orchestrator.schema import sweep_schema


def execute() -> int:
    """Print the schema."""
    print_json(sweep_schema())
    return 0
