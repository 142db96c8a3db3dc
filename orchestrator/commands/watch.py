"""adasweep watch: follow the status of a sweep."""

from orchestrator.commands.options import SweepsArgument
from orchestrator.commands.status import execute
from orchestrator.store.layout import Store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption

EXAMPLES = """Examples:
  adasweep watch demo
  adasweep watch demo --json            print a line after every change
"""

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def watch(sweep: SweepsArgument = "", store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Follow a sweep until it is over, or at rest for a minute. Short for: status SWEEP --watch."""
    return execute(Store(store), sweep, watch=True, as_json=as_json)
