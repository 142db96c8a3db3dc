"""MLflow's client, each call of which has a deadline, so that no server or database holds up a recorder forever."""

from collections.abc import Callable
from typing import Any, cast

from mlflow import MlflowClient

from trainer.command_line.deadline import deadline

CALL_SECONDS = 75.0
"""More than MLflow takes to try a server that is silent three times."""


class _Timed:
    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act = getattr(self._client, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            with deadline(CALL_SECONDS):
                return act(*arguments, **options)

        return timed


def timed_client(uri: str) -> MlflowClient:
    """Return a client of a server or database whose calls raise an exception after CALL_SECONDS."""
    with deadline(CALL_SECONDS):
        return cast(MlflowClient, _Timed(MlflowClient(tracking_uri=uri)))
