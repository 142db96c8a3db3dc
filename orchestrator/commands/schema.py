"""adasweep schema: the JSON schema of sweep files."""

import json
import sys

from orchestrator.sweep.json_schema import sweep_schema


def execute() -> int:
    """Print the schema."""
    sys.stdout.write(json.dumps(sweep_schema(), indent=1) + "\n")
    return 0
