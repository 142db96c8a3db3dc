"""Where MLflow has a trial: its run, as the cursor of the recorder names it."""

import hashlib
import os
from collections.abc import Mapping

from pydantic import BaseModel

from analysis.dashboard.live_store import LiveStore
from trainer.config.spec import Settings
from trainer.config.stored import read_document

VARIABLE = "MLFLOW_TRACKING_URI"
OWN_SERVER = "http://127.0.0.1:5000"
"""Where `mlflow ui` listens by default."""


class MlflowRun(BaseModel):
    """A trial's run in MLflow: its page, and the command that serves it; "" where a server is running already."""

    run: str
    page: str
    command: str


class _Cursor(Settings, extra="ignore"):
    run_id: str = ""


def mlflow_run(live: LiveStore, trial: str, environment: Mapping[str, str] = os.environ) -> MlflowRun | None:
    """Return the run of a trial; None if it is not recorded where the environment or the store says."""
    root = live.store.path.resolve()
    own = f"sqlite:///{root / 'mlflow.db'}"
    uri = environment.get(VARIABLE, "").strip() or own
    cursors = root / "mlflow" / hashlib.sha256(uri.encode()).hexdigest()[:8]
    cursor = read_document(cursors / f"{trial}.json", _Cursor)
    if cursor is None or not cursor.run_id:
        return None
    is_server = uri.startswith(("http://", "https://"))
    page = f"{uri.rstrip('/') if is_server else OWN_SERVER}/#/runs/{cursor.run_id}"
    command = "" if is_server else f"mlflow ui --backend-store-uri {own if uri == own else '$' + VARIABLE}"
    return MlflowRun(run=cursor.run_id, page=page, command=command)
