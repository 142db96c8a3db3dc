"""Finds a store's runs in MLflow: experiments by name, runs by their tags."""

import secrets
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from orchestrator.recorders.target import OWNER, MlflowTarget
from orchestrator.store.layout import Store
from trainer.files import replace_file


class Experiment(NamedTuple):
    """An experiment; `is_new`: it was just created and is empty."""

    id: str
    is_new: bool


def experiment(client: MlflowClient, name: str, target: MlflowTarget) -> Experiment:
    """Return an experiment; restore or create it if necessary. Other processes may be doing the same."""
    found = client.get_experiment_by_name(name)
    if found and found.lifecycle_stage == LifecycleStage.DELETED:
        client.restore_experiment(found.experiment_id)
    if found:
        return Experiment(str(found.experiment_id), is_new=False)
    try:
        return Experiment(str(client.create_experiment(name, target.artifact_location)), is_new=True)
    except MlflowException:
        found = client.get_experiment_by_name(name)
        if not found:
            raise
        return Experiment(str(found.experiment_id), is_new=False)


def is_usable(client: MlflowClient, run_id: str) -> bool:
    """Return whether a run exists; restore it if it was deleted."""
    try:
        stage = client.get_run(run_id).info.lifecycle_stage
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            return False
        raise
    if stage == LifecycleStage.DELETED:
        client.restore_run(run_id)
    return True


def find_runs(client: MlflowClient, experiment: str, tags: Mapping[str, str]) -> list[str]:
    """Return the ids of the runs that have all of `tags`. Values must not contain quotes.

    Runs that name their store, which were recorded here from elsewhere, are found only if `tags` name it, too.
    """
    found = client.search_runs([experiment], _having(tags))
    return [run.info.run_id for run in found if run.data.tags.get(OWNER) == tags.get(OWNER)]


def all_runs(client: MlflowClient, names: Iterable[str], tags: Mapping[str, str]) -> set[str]:
    """Return the ids of all runs in experiments, by name, that have all of `tags` and are not deleted."""
    places = [str(found.experiment_id) for name in names if (found := client.get_experiment_by_name(name))]
    ids: set[str] = set()
    token: str | None = None
    while True:
        page = client.search_runs(places, _having(tags), page_token=token)
        ids |= {run.info.run_id for run in page}
        token = page.token
        if not token:
            return ids


def _having(tags: Mapping[str, str]) -> str:
    return " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())


def store_id(store: Store) -> str:
    """Return the id that distinguishes this store on servers shared with other stores; it is created once."""
    path = store.root / "mlflow" / "store-id"
    if not path.exists():
        replace_file(path, secrets.token_hex(8))
    return path.read_text(encoding="ascii")
