"""Records the figures of a store in MLflow: one run per sweep, in a separate experiment."""

from collections.abc import Iterable, Mapping

from mlflow import MlflowClient

from orchestrator.recorders.experiments import experiment, find_runs
from orchestrator.recorders.figure_files import FigureCursor, changed, figure_cursor, sweeps_with_figures, versions
from orchestrator.recorders.holdings import Holdings
from orchestrator.recorders.target import MlflowTarget
from orchestrator.store.layout import Store
from trainer.files import replace_file

EXPERIMENT = "adasweep figures"


class FigureIngester:
    """Updates the figures in MLflow from STORE/figures/SWEEP/."""

    def __init__(self, store: Store, client: MlflowClient, target: MlflowTarget, owner: Mapping[str, str]) -> None:
        self.store, self.client, self.target, self.owner = store, client, target, owner

    @property
    def sweeps(self) -> list[str]:
        """Return the names of the sweeps that have figures."""
        return sweeps_with_figures(self.store)

    def ingest(self, sweep: str, known: Holdings | None, *, from_scratch: bool = False) -> None:
        """Send new and changed files; all files if there is no run, or `known` lacks it, or with `from_scratch`."""
        if not from_scratch and not changed(self.store, self.target, sweep, known):
            return
        place = experiment(self.client, EXPERIMENT, self.target).id
        found = self._found(place, sweep)
        if from_scratch:
            self._forget(sweep, found)
        now = versions(self.store, sweep)
        fresh = changed(self.store, self.target, sweep, known) if found and not from_scratch else list(now)
        run_id = found[0] if found and not from_scratch else self._created(place, sweep)
        for name in fresh:
            self.client.log_artifact(run_id, str(self.store.root / "figures" / sweep / name))
        replace_file(figure_cursor(self.target, sweep), FigureCursor(run_id=run_id, files=now).model_dump_json())

    def _forget(self, sweep: str, runs: Iterable[str]) -> None:
        figure_cursor(self.target, sweep).unlink(missing_ok=True)
        for run_id in runs:
            self.client.delete_run(run_id)

    def _found(self, place: str, sweep: str) -> list[str]:
        """Return the ids of the runs that hold the figures of a sweep."""
        return find_runs(self.client, place, {"figures": sweep} | dict(self.owner))

    def _created(self, place: str, sweep: str) -> str:
        tags = {"figures": sweep, "sweep": sweep} | dict(self.owner)
        run_id = str(self.client.create_run(place, tags=tags, run_name=f"figures of {sweep}").info.run_id)
        self.client.set_terminated(run_id)
        return run_id
