"""adasweep schema: print the JSON schema of sweep files."""

import json
import sys

from orchestrator.sweep.json_schema import sweep_schema
from trainer.command_line.group import epilog, new_app

EXAMPLES = """Example:
  adasweep schema > sweeps/schema.json
"""

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def schema() -> int:
    """Print the JSON schema of sweep files, for editors."""
    sys.stdout.write(json.dumps(sweep_schema(), indent=1) + "\n")
    return 0
