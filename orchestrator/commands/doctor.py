"""adasweep doctor: check this machine and the installation."""

from rich.table import Table
from rich.text import Text

from orchestrator.display.output import print_json, result_console, show_wrapped
from orchestrator.doctor.checks import examine
from orchestrator.store.layout import Store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.errors import ExitCode

STYLES = {"ok": "green", "note": "yellow", "wrong": "red"}

EXAMPLES = """Example:
  adasweep doctor
"""

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def doctor(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Check this machine and installation: packages, disk, clock, backends, MLflow."""
    return execute(Store(store), as_json=as_json)


def execute(store: Store, *, as_json: bool) -> int:
    """Print all findings; return 2 if something is wrong."""
    findings = examine(store)
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        table = Table(box=None, pad_edge=False, show_header=False)
        for finding in findings:
            table.add_row(Text(finding.verdict, STYLES[finding.verdict]), Text(finding.name), Text(finding.detail))
        show_wrapped(result_console(), table)
    return ExitCode.USER_ERROR if any(finding.verdict == "wrong" for finding in findings) else 0
