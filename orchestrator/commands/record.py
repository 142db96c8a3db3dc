"""adasweep record: bring MLflow up to date, or record everything anew."""

from typing import Annotated

import typer

from orchestrator.display.output import print_json, results
from orchestrator.errors import BackendError, StoreError
from orchestrator.recorders.cursor import default_target, is_behind
from orchestrator.recorders.launch import recorder_log, start_process
from orchestrator.store.layout import Store
from orchestrator.store.lease import holder
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption

EXAMPLES = """Examples:
  adasweep record
  adasweep record --rebuild
"""
RebuildOption = Annotated[bool, typer.Option("--rebuild", help="Record everything anew from the files.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def record(rebuild: RebuildOption = False, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Bring MLflow up to date with the store."""
    return execute(Store(store), rebuild=rebuild, as_json=as_json)


def execute(store: Store, *, rebuild: bool, as_json: bool) -> int:
    """Run the recorder once and say where to look. Raises BackendError where MLflow would not have it."""
    if not store.trials.is_dir():
        raise StoreError(store.root, "holds no trials", "name a store with --store or ADASWEEP_STORE")
    store.require_writable()
    process = start_process(store, ["--rebuild"] if rebuild else ["--once"])
    if process.wait() != 0:
        raise BackendError(f"MLflow could not be brought up to date; see {recorder_log(store)}", retryable=True)
    target = default_target(store)
    behind = is_behind(store, target, [trial for trial in store.ids() if store.run(trial).attempts()])
    if as_json:
        print_json({"uri": target.uri, "behind": behind})
        return 0
    held = holder(store.root / "mlflow")
    told = f"; process {held.owner.pid} on {held.owner.host} goes on recording" if behind and held else ""
    results().print(f"Recorded in {target.uri}{told}", markup=False, soft_wrap=True)
    return 0
