"""Finds a store's runs in MLflow: experiments by name, runs by their tags."""

import secrets
from collections.abc import Mapping
from typing import NamedTuple

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from orchestrator.recorders.target import OWNER, MlflowTarget
from orchestrator.store.layout import Store
from trainer.files import replace_file


class Experiment(NamedTuple):
    """An experiment; `is_new` where it had to be made, so that nothing recorded before is in it."""

    id: str
    is_new: bool


def experiment(client: MlflowClient, name: str, target: MlflowTarget) -> Experiment:
    """Return an experiment, restored where it was deleted, made where there is none. Others may be doing the same."""
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
    """Return whether a run is there, restoring one that was deleted."""
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
    """Return the ids of the runs that have all of `tags`, whose values are words of ours: none has a quote in it.

    Runs that name their store are found only where `tags` name it, too: they are recorded here from elsewhere.
    """
    wanted = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
    found = client.search_runs([experiment], wanted)
    return [run.info.run_id for run in found if run.data.tags.get(OWNER) == tags.get(OWNER)]


def store_id(store: Store) -> str:
    """Return the name that this store has towards servers which other stores record to as well; it is made once."""
    path = store.root / "mlflow" / "store-id"
    if not path.exists():
        replace_file(path, secrets.token_hex(8))
    return path.read_text(encoding="ascii")
