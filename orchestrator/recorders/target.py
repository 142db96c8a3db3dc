"""Where a store is recorded: its own SQLite file, or the database or server that MLFLOW_TRACKING_URI names."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from orchestrator.store.layout import Store
from trainer.errors import UserError

VARIABLE = "MLFLOW_TRACKING_URI"
OWNER = "store"
"""The tag that names the store of a run, in a database that is not the store's own."""
SQLITE = "sqlite:///"
SQLITE_WITH_DRIVER = "sqlite+pysqlite:///"
_SERVER = re.compile(r"^(https?://.|databricks)")
_DATABASE = re.compile(r"^(sqlite|postgresql|mysql|mssql)(\+\w+)?://.")


@dataclass(frozen=True)
class MlflowTarget:
    """Where to record: MLflow's database or server, where artifacts go, and where the cursors for it are kept.

    `database` is the store's own SQLite file; None elsewhere, where others record as well.
    """

    uri: str
    artifacts: str
    cursors: Path
    database: Path | None = None

    @property
    def artifact_location(self) -> str | None:
        """Return where artifacts go; None where a server decides about that."""
        return None if _SERVER.match(self.uri) else self.artifacts


def default_target(store: Store, environment: Mapping[str, str] = os.environ) -> MlflowTarget:
    """Return the store's own SQLite file, or what MLFLOW_TRACKING_URI names. Raises UserError for what cannot be."""
    root = store.root.resolve()
    own = root / "mlflow.db"
    uri = environment.get(VARIABLE, "").strip() or sqlite_uri(own)
    if not _SERVER.match(uri) and not _DATABASE.match(uri):
        raise UserError(VARIABLE, f"{uri!r} is neither a database nor a server, and MLflow records nowhere else", _OUT)
    database = own if _sqlite_file(uri) == own else None
    cursors = root / "mlflow" / hashlib.sha256(uri.encode()).hexdigest()[:8]
    return MlflowTarget(uri, (root / "mlartifacts").as_uri(), cursors, database)


_OUT = "name sqlite:///FILE or http://HOST:PORT, or unset it to record into the store's own mlflow.db"


def sqlite_uri(path: Path) -> str:
    """Return the URL of an SQLite file: `?` would begin its options, and `%` a quoted character.

    With the driver's name in it, MLflow does not make the folder that a quoted URL seems to name.
    """
    quoted = str(path).replace("%", "%25").replace("?", "%3F")
    return (SQLITE if quoted == str(path) else SQLITE_WITH_DRIVER) + quoted


def _sqlite_file(uri: str) -> Path | None:
    for beginning in (SQLITE, SQLITE_WITH_DRIVER):
        if uri.startswith(beginning):
            return Path(unquote(uri.removeprefix(beginning).partition("?")[0])).resolve()
    return None
