"""Finds a store's runs in MLflow: experiments by name, runs by their tags."""

import secrets
from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from orchestrator.recorders.cursor import MlflowTarget
from orchestrator.store.layout import Store
from trainer.files import replace_file


def experiment(client: MlflowClient, name: str, target: MlflowTarget) -> str:
    """Return the id of an experiment, made where there is none. Others may be making the same one."""
    found = client.get_experiment_by_name(name)
    if found:
        return str(found.experiment_id)
    try:
        return str(client.create_experiment(name, artifact_location=target.artifacts if target.is_own else None))
    except MlflowException:
        found = client.get_experiment_by_name(name)
        if not found:
            raise
        return str(found.experiment_id)


def find_runs(client: MlflowClient, experiment: str, tags: Mapping[str, str]) -> list[str]:
    """Return the ids of the runs that have all of `tags`, whose values are words of ours: none has a quote in it."""
    wanted = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
    return [run.info.run_id for run in client.search_runs([experiment], wanted)]


def store_id(store: Store) -> str:
    """Return the name that this store has towards servers which other stores record to as well; it is made once."""
    path = store.root / "mlflow" / "store-id"
    if not path.exists():
        replace_file(path, secrets.token_hex(8))
    return path.read_text(encoding="ascii")
