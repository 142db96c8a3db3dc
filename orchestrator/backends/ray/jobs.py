"""A client of Ray's Jobs API over HTTP, so that Ray need not be installed where a sweep is started.

Address and token come from the variables that Ray's own commands use: RAY_API_SERVER_ADDRESS, RAY_AUTH_TOKEN.
"""

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from orchestrator.errors import BackendError, PlanError
from trainer.command_line.deadline import Overdue, deadline

ADDRESS, PORT = "RAY_API_SERVER_ADDRESS", 8265
DEFAULT_ADDRESS = f"http://127.0.0.1:{PORT}"
TIMEOUT_SECONDS = 30.0
FIRST_ANSWER_SECONDS = 10.0
"""How long the first answer of a cluster is waited for, before anything is submitted."""

IS_ALIVE: Mapping[str, bool] = {
    "PENDING": True,
    "RUNNING": True,
    "STOPPED": False,
    "SUCCEEDED": False,
    "FAILED": False,
}
"""Whether a Ray job in this state is still active."""


@dataclass(frozen=True)
class RayJobs:
    """The cluster at `address`. Methods raise BackendError if it does not respond or refuses the request."""

    address: str
    token: str = ""
    timeout_seconds: float = TIMEOUT_SECONDS

    @classmethod
    def of_environment(cls) -> "RayJobs":
        return cls(os.environ.get(ADDRESS) or DEFAULT_ADDRESS, os.environ.get("RAY_AUTH_TOKEN", ""))

    def require_address(self) -> None:
        """Raise PlanError if the address is none of a server: it would be waited for without an end."""
        if not _is_server(self.address):
            raise PlanError(ADDRESS, f"{self.address!r} is no address of Ray's dashboard", f"write http://HOST:{PORT}")

    @property
    def hurried(self) -> "RayJobs":
        """The same cluster, whose answers are not waited for as long."""
        return replace(self, timeout_seconds=min(self.timeout_seconds, FIRST_ANSWER_SECONDS))

    def require_answer(self) -> None:
        """Raise BackendError if nothing answers at the address, or not in time."""
        try:
            self.hurried._request("/api/version")
        except BackendError as error:
            if error.retryable:
                raise

    def submit(self, entrypoint: str, environment: Mapping[str, str]) -> str:
        """Start a job and return its id. `entrypoint` is a shell command."""
        body = {"entrypoint": entrypoint, "runtime_env": {"env_vars": dict(environment)}}
        with self._understanding():
            return str(self._request("/api/jobs/", body)["submission_id"])

    def is_alive(self, job: str) -> bool:
        """Return whether a job is queued or running; False if the cluster does not know it."""
        try:
            with self._understanding():
                return IS_ALIVE[self._request(f"/api/jobs/{job}")["status"]]
        except UnknownJob:
            return False

    def stop(self, job: str) -> None:
        """Stop a job."""
        self._request(f"/api/jobs/{job}/stop", {})

    def total(self, resource: str) -> float:
        """Return the total of a resource ("CPU", "GPU") over all nodes."""
        with self._understanding():
            return float(self._load().get("usage", {}).get(resource, (0, 0))[1])

    def nodes(self) -> list[Mapping[str, float]]:
        """Return the resources of each kind of node that is running; none if the cluster does not say."""
        with self._understanding():
            return [dict(resources) for resources, count in self._load().get("nodeTypes") or () if count]

    def _load(self) -> Mapping[str, Any]:
        report = self._request("/api/cluster_status")["data"]["clusterStatus"] or {}
        return report.get("loadMetricsReport") or {}

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        """Convert the error of an answer that is not Ray's: another service may listen at the address."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            what = f"{type(error).__name__}: {error}"
            raise BackendError(
                f"Ray at {self.address}: its answer is not understood ({what})", retryable=True
            ) from None

    def _request(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        try:
            with deadline(2 * self.timeout_seconds):
                return self._answer(urllib.request.Request(self.address + path, data, headers))
        except (OSError, ValueError, http.client.HTTPException, Overdue) as error:
            raise BackendError(f"Ray at {self.address}: {error}", retryable=True) from None

    def _answer(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_seconds) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            kind = UnknownJob if error.code == 404 else BackendError
            message = " ".join(error.read().decode(errors="replace").split())[:300]
            raise kind(f"Ray at {self.address}: {error.code} {message}", retryable=error.code >= 500) from None


def _is_server(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in address
    except ValueError:
        return False


class UnknownJob(BackendError):
    """The cluster has no job with this id."""
