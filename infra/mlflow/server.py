"""A real MLflow tracking server that tests can start, kill and restart on the same data."""

import os
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from infra import daemons
from infra.ports import free_ports
from infra.waiting import wait_until
from orchestrator.store.process_id import ProcessId

START_SECONDS = 240.0
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Otherwise it starts eight more processes of 250 MB each.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


@dataclass
class MlflowServer:
    """A server on 127.0.0.1 with its artifacts and log below `folder` and its data in `database` (a URI)."""

    folder: Path
    database: str
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: ProcessId | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and return once it responds."""
        self.process = daemons.start(self._command(), self.folder / "server.log", {**os.environ, **SETTINGS})
        wait_until(self.answers, START_SECONDS, f"MLflow's server (see {self.folder / 'server.log'})", 0.3)

    def kill(self) -> None:
        """Kill it and all processes it has started."""
        if self.process:
            daemons.kill_group(self.process)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", "1", "--backend-store-uri", self.database),
            *("--artifacts-destination", str(self.folder / "artifacts")),
        ]
