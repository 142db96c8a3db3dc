"""Sends metrics, parameters and tags to MLflow, and skips those that it refuses permanently."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, INVALID_PARAMETER_VALUE, ErrorCode
from sqlalchemy.exc import DBAPIError

SIZES = {Metric: 900, Param: 90, RunTag: 90}
PERMANENT = frozenset({ErrorCode.Name(INVALID_PARAMETER_VALUE), ErrorCode.Name(BAD_REQUEST)})
_T = TypeVar("_T", Metric, Param, RunTag)


def send_metrics(client: MlflowClient, run_id: str, metrics: Sequence[Metric]) -> dict[str, str]:
    """Send points; return the reasons of refused ones by name."""
    return _send(client, run_id, metrics, lambda part: client.log_batch(run_id, metrics=part))


def send_params(client: MlflowClient, run_id: str, params: Sequence[Param]) -> dict[str, str]:
    """Send parameters; return the reasons of refused ones by name."""
    return _send(client, run_id, params, lambda part: client.log_batch(run_id, params=part))


def send_tags(client: MlflowClient, run_id: str, tags: Sequence[RunTag]) -> dict[str, str]:
    """Send tags; return the reasons of refused ones by name."""
    return _send(client, run_id, tags, lambda part: client.log_batch(run_id, tags=part))


def _send(
    client: MlflowClient, run_id: str, items: Sequence[_T], log: Callable[[Sequence[_T]], object]
) -> dict[str, str]:
    refused: dict[str, str] = {}
    for part in _parts(items):
        _send_part(client, run_id, part, log, refused)
    return refused


def _send_part(
    client: MlflowClient,
    run_id: str,
    part: Sequence[_T],
    log: Callable[[Sequence[_T]], object],
    refused: dict[str, str],
) -> None:
    """Send one batch. If MLflow refuses it, bisect it down to the refused names, which are added to `refused`."""
    part = [item for item in part if item.key not in refused]
    try:
        if part:
            log(part)
    except MlflowException as error:
        if error.error_code not in PERMANENT or _is_damage(error) or not _is_active(client, run_id):
            raise
        if len(part) == 1:
            refused[part[0].key] = " ".join(str(error).split())[:200]
            return
        middle = len(part) // 2
        for half in (part[:middle], part[middle:]):
            _send_part(client, run_id, half, log, refused)


def _is_damage(error: MlflowException) -> bool:
    """Return whether SQLite reports its file as damaged, which says nothing about what was sent."""
    caused = error.__cause__
    return isinstance(caused, DBAPIError) and type(caused.orig) is sqlite3.DatabaseError


def _is_active(client: MlflowClient, run_id: str) -> bool:
    """Return whether the run exists: requests to a run that was just deleted are refused, too."""
    return bool(client.get_run(run_id).info.lifecycle_stage == LifecycleStage.ACTIVE)


def _parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    size = SIZES[type(items[0])] if items else 1
    for start in range(0, len(items), size):
        yield items[start : start + size]
