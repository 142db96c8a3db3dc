"""Ray's Jobs API over HTTP, so that Ray need not be installed where a sweep is started.

The address and the token come from the variables that Ray's own commands read: RAY_API_SERVER_ADDRESS, RAY_AUTH_TOKEN.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import BackendError

DEFAULT_ADDRESS = "http://127.0.0.1:8265"
TIMEOUT_SECONDS = 30.0

IS_ALIVE: Mapping[str, bool] = {
    "PENDING": True,
    "RUNNING": True,
    "STOPPED": False,
    "SUCCEEDED": False,
    "FAILED": False,
}
"""Every state of a Ray job, and whether the job may still do something."""


@dataclass(frozen=True)
class RayJobs:
    """The cluster at `address`. Every method raises BackendError when there is no answer, or the request is refused."""

    address: str
    token: str = ""
    timeout_seconds: float = TIMEOUT_SECONDS

    @classmethod
    def of_environment(cls) -> "RayJobs":
        return cls(os.environ.get("RAY_API_SERVER_ADDRESS", DEFAULT_ADDRESS), os.environ.get("RAY_AUTH_TOKEN", ""))

    def submit(self, entrypoint: str, environment: Mapping[str, str]) -> str:
        """Start a job and return its id. `entrypoint` is a line of shell."""
        asked = {"entrypoint": entrypoint, "runtime_env": {"env_vars": dict(environment)}}
        return str(self._ask("/api/jobs/", asked)["submission_id"])

    def is_alive(self, job: str) -> bool:
        """Return whether a job waits or runs. One that the cluster does not know is not alive."""
        try:
            return IS_ALIVE[self._ask(f"/api/jobs/{job}")["status"]]
        except UnknownJob:
            return False

    def stop(self, job: str) -> None:
        """Ask a job to end."""
        self._ask(f"/api/jobs/{job}/stop", {})

    def total(self, resource: str) -> float:
        """Return how much of a resource ("CPU", "GPU") all nodes have together."""
        report = self._ask("/api/cluster_status")["data"]["clusterStatus"] or {}
        return float(report.get("loadMetricsReport", {}).get("usage", {}).get(resource, (0, 0))[1])

    def _ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_seconds) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            kind = UnknownJob if error.code == 404 else BackendError
            told = " ".join(error.read().decode(errors="replace").split())[:300]
            raise kind(f"Ray at {self.address}: {error.code} {told}", retryable=error.code >= 500) from None
        except (OSError, ValueError) as error:
            raise BackendError(f"Ray at {self.address}: {error}", retryable=True) from None


class UnknownJob(BackendError):
    """The cluster does not know a job with this id."""
