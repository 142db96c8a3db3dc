"""The figures of a store in MLflow: one run per sweep with figures, in an experiment of their own."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlflow import MlflowClient

from orchestrator.plan.plan_file import sweeps
from orchestrator.recorders.cursor import MlflowTarget
from orchestrator.recorders.experiments import experiment, find_runs
from orchestrator.store.layout import Store
from trainer.files import replace_file

EXPERIMENT = "adasweep figures"


class Gallery:
    """Brings the figures in MLflow up to date with STORE/figures/SWEEP/."""

    def __init__(self, store: Store, client: MlflowClient, target: MlflowTarget, owner: Mapping[str, str]) -> None:
        self.store, self.client, self.target, self.owner = store, client, target, owner

    @property
    def sweeps(self) -> Iterator[str]:
        """Yield the names of the sweeps that have figures."""
        yield from (name for name in sweeps(self.store) if (self.store.root / "figures" / name).is_dir())

    def ingest(self) -> None:
        """Send the files that are new or have changed."""
        for sweep in self.sweeps:
            known, now = self._known(sweep), _versions(self.store.root / "figures" / sweep)
            fresh = [name for name, version in now.items() if known.get(name) != version]
            if not fresh:
                continue
            run_id = (self.runs_of(sweep) or [self._created(sweep)])[0]
            for name in fresh:
                self.client.log_artifact(run_id, str(self.store.root / "figures" / sweep / name))
            replace_file(self._cursor(sweep), json.dumps(now))

    def runs_of(self, sweep: str) -> list[str]:
        """Return the ids of the runs that hold the figures of a sweep."""
        return find_runs(self.client, self._experiment, {"figures": sweep} | dict(self.owner))

    def _created(self, sweep: str) -> str:
        tags = {"figures": sweep, "sweep": sweep} | dict(self.owner)
        run_id = str(self.client.create_run(self._experiment, tags=tags, run_name=f"figures of {sweep}").info.run_id)
        self.client.set_terminated(run_id)
        return run_id

    @property
    def _experiment(self) -> str:
        return experiment(self.client, EXPERIMENT, self.target)

    def _cursor(self, sweep: str) -> Path:
        return self.target.cursors / "figures" / f"{sweep}.json"

    def _known(self, sweep: str) -> dict[str, list[int]]:
        try:
            known: dict[str, list[int]] = json.loads(self._cursor(sweep).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known


def _versions(folder: Path) -> dict[str, list[int]]:
    """Return size and time of change of every file of a sweep's figures."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in files}
