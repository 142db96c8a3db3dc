"""Where a store is recorded: its own SQLite file, or the database or server in MLFLOW_TRACKING_URI."""

import hashlib
import os
import re
import socket
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from orchestrator.recorders.mlflow_database import foreign_tables, is_busy, require_sound
from orchestrator.recorders.report import without_password
from orchestrator.store.layout import Store
from trainer.errors import READABLE, UNREADABLE, UserError, printable

VARIABLE = "MLFLOW_TRACKING_URI"
OWNER = "store"
"""The tag that names the store of a run, in a database that is not the store's own."""
SQLITE = "sqlite:///"
SQLITE_WITH_DRIVER = "sqlite+pysqlite:///"
IN_MEMORY = ":memory:"
_SERVER = re.compile(r"^(https?://.|databricks)")
_DATABASE = re.compile(r"^(sqlite|postgresql|mysql|mssql)(\+\w+)?://.")
_FILES = (".json", ".log")
_PORTS = {"postgresql": 5432, "mysql": 3306}
CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class MlflowTarget:
    """MLflow's database or server, the location of artifacts, and the folder of cursors.

    `database` is the store's own SQLite file; None for databases and servers shared with others. `file` is the SQLite
    file, at any place; None for other databases and servers.
    """

    uri: str
    artifacts: str
    cursors: Path
    database: Path | None = None
    file: Path | None = None

    @property
    def artifact_location(self) -> str | None:
        """Return the location of artifacts; None if a server decides."""
        return None if _SERVER.match(self.uri) else self.artifacts


def default_target(store: Store, environment: Mapping[str, str] = os.environ) -> MlflowTarget:
    """Return the store's own SQLite file, or MLFLOW_TRACKING_URI.

    Raises UserError if that is invalid, or an SQLite file that may not be read or holds something else than MLflow's
    tables, or if a folder is in the place of a file of the recorder.
    """
    root = store.root.resolve()
    own = root / "mlflow.db"
    uri = environment.get(VARIABLE, "").strip() or sqlite_uri(own)
    if not (_is_address(uri) if _SERVER.match(uri) else _DATABASE.match(uri)):
        raise UserError(VARIABLE, f"{without_password(uri)!r} is neither a database nor a server", _WAY_OUT)
    file = _sqlite_file(uri)
    database = own if file == own else None
    if file and own.is_symlink() and file == Path(os.path.realpath(own)):
        _require_folder(own, file.parent)
    if file and os.path.exists(file) and not os.access(file, os.R_OK):
        raise UserError(str(file), UNREADABLE, READABLE)
    if file and database is None:
        _require_lasting(uri, file)
    if file and database is None and file.exists():
        _require_mlflow(file)
    _require_files(root / "mlflow")
    cursors = root / "mlflow" / hashlib.sha256(uri.encode()).hexdigest()[:8]
    return MlflowTarget(uri, (root / "mlartifacts").as_uri(), cursors, database, file)


def readable_target(store: Store, *, thoroughly: bool = False) -> MlflowTarget:
    """Return the default target. Raises UserError also if its SQLite file is damaged, as far as its schema shows.

    A file that another process has locked is not damaged: its recording waits, and nothing else has to.
    `thoroughly`: its pages are checked as well, which takes about 10 ms per MB.
    """
    target = default_target(store)
    file = target.file
    try:
        if file and os.path.lexists(file):
            (require_sound if thoroughly else foreign_tables)(file)
    except sqlite3.DatabaseError as error:
        if is_busy(error):
            return target
        if target.database:
            raise UserError(str(file), f"cannot be read ({error})", REBUILD) from None
        raise UserError(VARIABLE, f"{file} cannot be read ({error})", _WAY_OUT) from None
    return target


_WAY_OUT = "name sqlite:///FILE or http://HOST:PORT, or unset it to record into the store's own mlflow.db"


REBUILD = "to rebuild it from the files, run: adasweep record --rebuild"


def sqlite_uri(path: Path) -> str:
    """Return the URL of an SQLite file, with `?` and `%` quoted.

    With the driver's name in the URL, MLflow does not create the folder that a quoted URL seems to name.
    """
    quoted = str(path).replace("%", "%25").replace("?", "%3F")
    return (SQLITE if quoted == str(path) else SQLITE_WITH_DRIVER) + quoted


def require_listener(uri: str) -> None:
    """Raise OSError if nothing listens at the host of a database: MLflow would try again and again, for minutes."""
    parts = urlsplit(uri)
    usual = _PORTS.get(parts.scheme.partition("+")[0])
    if usual is None or not parts.hostname or "," in parts.netloc:
        return
    try:
        socket.create_connection((parts.hostname, parts.port or usual), CONNECT_SECONDS).close()
    except OSError as error:
        raise ConnectionError(f"no answer from {parts.hostname}:{parts.port or usual} ({error})") from None


def _is_address(uri: str) -> bool:
    """Return whether the host and the port of a server can be read."""
    try:
        host, port = urlsplit(uri).hostname, urlsplit(uri).port
    except ValueError:
        return False
    return uri.startswith("databricks") or (bool(host) and port != 0 and not re.search(r"\s", uri))


def _require_lasting(uri: str, file: Path) -> None:
    """Raise UserError for a database in memory, and for a file in a folder that MLflow does not make.

    It makes the folder that a URL names literally, and none for a URL with a driver.
    """
    if file.name == IN_MEMORY:
        raise UserError(VARIABLE, "names a database in memory, of which nothing would be left", _WAY_OUT)
    is_literal = uri.startswith(SQLITE) and uri.partition("?")[0] == unquote(uri.partition("?")[0])
    if not is_literal and not file.parent.is_dir():
        raise UserError(VARIABLE, f"{file.parent} is no folder", "make it, or name another file")


def _require_folder(link: Path, folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(str(link), f"is a link into {folder}, which is no folder", "make it, or remove the link")


def _require_files(place: Path) -> None:
    """Raise UserError if a folder is where the recorder writes a file, or vice versa: every pass would fail."""
    if os.path.lexists(place) and not place.is_dir():
        raise UserError(str(place), "is not a folder", "remove it, or put the folder back")
    for parent, folders, _ in os.walk(place):
        for path in (Path(parent, name) for name in folders if name.endswith(_FILES)):
            if not path.is_symlink():  # it is replaced by the file
                raise UserError(str(path), "is a folder where a file of the recorder belongs", "remove it")


def _require_mlflow(file: Path) -> None:
    try:
        others = foreign_tables(file)
    except sqlite3.DatabaseError as error:
        if is_busy(error):
            return
        raise UserError(VARIABLE, f"{file} cannot be read ({error})", _WAY_OUT) from None
    if others:
        names = ", ".join(map(printable, others[:3])) + (", ..." if others[3:] else "")
        raise UserError(VARIABLE, f"{file} is no database of MLflow: it has the tables {names}", "name another file")


def _sqlite_file(uri: str) -> Path | None:
    for beginning in (SQLITE, SQLITE_WITH_DRIVER):
        if uri.startswith(beginning):
            return Path(os.path.realpath(unquote(uri.removeprefix(beginning).partition("?")[0])))
    return None
