"""MLflow's client, each call of which has a deadline, so that no server or database holds up a recorder forever."""

from collections.abc import Callable
from typing import Any, cast

from mlflow import MlflowClient
from sqlalchemy.engine import make_url

from orchestrator.errors import SetupError
from orchestrator.recorders.target import VARIABLE
from trainer.command_line.deadline import deadline

CALL_SECONDS = 75.0
"""More than MLflow takes to try a server that is silent three times."""

PACKAGES = {"MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary", "pymysql": "PyMySQL"}
"""Packages with other names than their module."""


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
    """Return a client of a server or database whose calls raise an exception after CALL_SECONDS.

    Raises SetupError if the package that connects to a database is not installed.
    """
    if not uri.startswith(("http", "databricks")):
        _require_driver(uri)
    with deadline(CALL_SECONDS):
        return cast(MlflowClient, _Timed(MlflowClient(tracking_uri=uri)))


def _require_driver(uri: str) -> None:
    """Raise SetupError if the package that connects to a database is not installed."""
    try:
        make_url(uri).get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        package, kind = PACKAGES.get(str(error.name), str(error.name)), uri.partition(":")[0]
        raise SetupError(
            VARIABLE, f"{kind} needs the package {package}", f"install it: pip install {package}"
        ) from None
