"""adasweep logs: the last lines of a worker's output."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.commands.options import TrialArgument
from orchestrator.display.output import print_json, result_console
from orchestrator.errors import PlanError
from orchestrator.plan.plan_file import readable_plans
from orchestrator.store.layout import Store, require_readable
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.config.stored import reason_of
from trainer.files import read_regular
from trainer.record import RunDir, read_record

EXAMPLES = """Examples:
  adasweep logs 12e1a645
  adasweep logs 12e1a645 --attempt 2 --lines 100
"""
AttemptOption = Annotated[
    int | None, typer.Option("--attempt", min=1, help="Number of the attempt.", show_default="the last")
]
LinesOption = Annotated[int, typer.Option("--lines", min=1, help="Number of lines to show.")]

MOST_BYTES = 64 * 2**20

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def logs(
    trial: TrialArgument,
    attempt: AttemptOption = None,
    lines: LinesOption = 40,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Show the last lines of a trial's worker output."""
    return execute(Store(store), trial, attempt, lines, as_json=as_json)


def execute(store: Store, trial: str, attempt: int | None, lines: int, *, as_json: bool) -> int:
    """Print the last lines of an attempt's output, by default of the last attempt."""
    planned = (run.trial for plan in readable_plans(store, []) for run in plan.runs)
    run = store.run(store.find(trial, planned))
    require_readable(run)
    attempts = run.attempts()
    if not attempts:
        raise PlanError(f"trial {run.path.name}", "has no attempts yet", f"see: adasweep why {run.path.name}")
    number = attempt or max(attempts)
    if number not in attempts:
        raise PlanError(f"trial {run.path.name}", f"has no attempt {number}", f"it has {len(attempts)}")
    names = ("supervisor.log", "output.log")
    texts = {name: _tail(run.attempt(number) / name, lines) for name in names}
    note = "" if any(texts.values()) else _why_empty(run, number)
    if as_json:
        print_json({"trial": run.path.name, "attempt": number, "lines": texts, "note": note})
        return 0
    console = result_console()
    for line in (line for text in texts.values() for line in text):
        console.print(line, markup=False, soft_wrap=True)
    if note:
        console.print(note, markup=False, soft_wrap=True)
    return 0


def _why_empty(run: RunDir, number: int) -> str:
    """Return why an attempt has printed nothing."""
    record, attempt = read_record(run.record(number)), f"attempt {number}"
    if record is None:
        return f"{attempt} has printed nothing, and has no record yet"
    message = f" ({record.message})" if record.message else ""
    if not record.pid:
        return f"{attempt} never started{message}"
    state = f"{record.state.value} at {record.kimg:g} of {record.horizon_kimg:g} kimg{message}"
    return f"{attempt} has printed nothing: it is {state}; see: adasweep why {run.path.name}"


def _tail(path: Path, lines: int) -> list[str]:
    try:
        text = read_regular(path, MOST_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        return [f"{path}: {reason_of(error)}"]
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")[-lines:]] if text else []
