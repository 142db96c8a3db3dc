"""A throw-away PostgreSQL server. PostgreSQL refuses to run as root, so root runs it as the user `nobody`."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra import daemons
from infra.debian import install
from infra.ports import free_ports, is_open
from infra.waiting import wait_until
from orchestrator.store.process_id import ProcessId

PACKAGES = ("postgresql",)
PROGRAMS = Path("/usr/lib/postgresql")
USER = "nobody"
START_SECONDS = 60.0


def programs() -> Path:
    """Return the folder of PostgreSQL's programs, installing them if missing. Raises CannotInstall."""
    if not list(PROGRAMS.glob("*/bin/initdb")):
        install(PACKAGES)
    return max(PROGRAMS.glob("*/bin"))


@dataclass
class Postgres:
    """A server on 127.0.0.1 with its files in `folder`, whose parents must be accessible to all users."""

    folder: Path
    port: int
    process: ProcessId | None = None

    @classmethod
    def create(cls, folder: Path) -> "Postgres":
        """Return a new server with an empty database, not started."""
        folder.mkdir()
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(folder, user.pw_uid, user.pw_gid)
        initdb = [str(programs() / "initdb"), "--no-sync", "--auth=trust", "--username=mlflow", "-D", f"{folder}/data"]
        subprocess.run(_unprivileged(initdb), check=True, capture_output=True, cwd="/")
        return cls(folder, free_ports(1)[0])

    @property
    def uri(self) -> str:
        return f"postgresql+psycopg://mlflow@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and return once it accepts connections."""
        settings = ("listen_addresses=127.0.0.1", "fsync=off", f"unix_socket_directories={self.folder}")
        options = [word for setting in settings for word in ("-c", setting)]
        command = [str(programs() / "postgres"), "-D", f"{self.folder}/data", "-p", str(self.port), *options]
        log = self.folder.with_name(f"{self.folder.name}.log")
        self.process = daemons.start(_unprivileged(command), log, os.environ)
        wait_until(lambda: is_open(self.port), START_SECONDS, f"PostgreSQL (see {log})")

    def stop(self) -> None:
        """Stop it and remove its files."""
        if self.process:
            daemons.kill_group(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


def _unprivileged(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={USER}", "--regid=nogroup", "--clear-groups", *command]
