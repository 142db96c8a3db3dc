"""adasweep record: bring MLflow up to date, or record everything anew."""

from orchestrator.display.output import print_json, results
from orchestrator.errors import BackendError, StoreError
from orchestrator.recorders.cursor import default_target, is_behind
from orchestrator.recorders.launch import recorder_log, start_process
from orchestrator.store.layout import Store
from orchestrator.store.lease import holder


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
