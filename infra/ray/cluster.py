"""A local Ray cluster as it runs: start it, break it, mend it, stop it."""

import json
import os
import secrets
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import daemons
from infra.ports import free_ports
from infra.waiting import wait_until
from orchestrator.store.process_id import ProcessId
from trainer.config.spec import Count, PositiveInt, Settings
from trainer.files import replace_file

PARENT = Path("/tmp")
PREFIX = "adasweep-ray-"
HEAD = "head"
START_SECONDS = 200.0
EMPTY_SECONDS = 120.0
ANSWER_SECONDS = 30.0
ALIVE = ("PENDING", "RUNNING")
"""States of a job that has not ended."""
OBJECT_STORE_BYTES = 100_000_000

SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "180",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "10000",
    "RAY_health_check_failure_threshold": "4",
}
"""Give a busy machine time to start, and detect a lost node after seconds instead of half a minute."""

NOT_FOR_NODES = ("RAY_ADDRESS", "ADASWEEP_")
"""Variables that jobs set themselves: a node started with them would pass its own values to every job."""


class RayShape(Settings):
    """Size of the cluster, not counting its head, which runs no trials. CPUs and GPUs are simulated."""

    nodes: PositiveInt = 2
    cpus: PositiveInt = 2
    gpus: Count = 2
    memory_gib: PositiveInt = 8

    @property
    def names(self) -> list[str]:
        return [f"node{index}" for index in range(1, self.nodes + 1)]


class RayRecord(Settings):
    """The content of `cluster.json`. Only its owner may read the file, since it holds the token."""

    shape: RayShape
    port: int
    dashboard: int
    token: str
    owner: ProcessId | None
    nodes: dict[str, ProcessId] = {}


@dataclass
class RayCluster:
    """A cluster whose files are below `prefix`."""

    prefix: Path
    recorded: RayRecord

    @classmethod
    def create(cls, shape: RayShape, owner: ProcessId | None = None) -> "RayCluster":
        """Return a new cluster with nothing started."""
        prefix = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PARENT))
        port, dashboard = free_ports(2)
        token = secrets.token_hex(32)
        cluster = cls(prefix, RayRecord(shape=shape, port=port, dashboard=dashboard, token=token, owner=owner))
        cluster._record()
        return cluster

    @classmethod
    def load(cls, prefix: Path) -> "RayCluster":
        return cls(prefix, RayRecord.model_validate_json((prefix / "cluster.json").read_text(encoding="utf-8")))

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment that Ray's clients need to connect to this cluster."""
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.recorded.token,
            "RAY_API_SERVER_ADDRESS": f"http://127.0.0.1:{self.recorded.dashboard}",
        }

    def start(self) -> None:
        """Start every node and return once all resources are available."""
        self._start(HEAD, lambda: head_command(self.prefix, self.recorded), lambda: self.usage() is not None)
        for name in self.recorded.shape.names:
            self.start_node(name)

    def start_node(self, name: str) -> None:
        """Start a node and return once it has joined. Nodes start one at a time, since each start is CPU-bound."""
        index = self.recorded.shape.names.index(name)
        self._start(
            name,
            lambda: node_command(self.recorded, index),
            lambda: f"node:{address(index)}" in (self.usage() or {}),
        )

    def kill(self, name: str) -> None:
        """Kill a node with everything that runs on it, as a power failure does."""
        daemons.kill_group(self.recorded.nodes[name])

    def repair(self) -> None:
        """Restart the nodes that were killed."""
        for name in self.recorded.shape.names:
            if self.recorded.nodes[name].is_gone:
                self.start_node(name)

    def empty(self) -> None:
        """Stop every job; Ray ends what these run."""
        wait_until(self._has_stopped_jobs, EMPTY_SECONDS, "the end of all Ray jobs", 0.5)

    def _has_stopped_jobs(self) -> bool:
        """Ask the jobs that have not ended to stop; return whether there was none, False if the cluster is too busy."""
        try:
            alive = [job["submission_id"] for job in self._ask("/api/jobs/") if job["status"] in ALIVE]
            for job in filter(None, alive):
                self._ask(f"/api/jobs/{job}/stop", b"{}")
        except (OSError, ValueError):
            return False
        return not any(alive)

    def stop(self) -> None:
        """Kill every node and remove the directory."""
        for name in [*self.recorded.shape.names, HEAD]:
            if name in self.recorded.nodes:
                self.kill(name)
        shutil.rmtree(self.prefix, ignore_errors=True)

    def usage(self) -> dict[str, tuple[float, float]] | None:
        """Return (used, total) of every resource, or None while the cluster does not respond."""
        try:
            return _usage(self._ask("/api/cluster_status"))
        except (OSError, ValueError):
            return None

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.recorded.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.recorded.dashboard}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)

    def _start(self, name: str, command: Callable[[], list[str]], has_joined: Callable[[], bool]) -> None:
        """Launch a node until `has_joined`. On a busy machine Ray gives up on a node that is not up within 30 s."""
        self._launch(name, command())

        def is_up() -> bool:
            if self.recorded.nodes[name].is_gone:
                self.kill(name)
                self._launch(name, command())
            return has_joined()

        wait_until(is_up, START_SECONDS, f"{name} of the Ray cluster", 1.0)

    def _launch(self, name: str, command: list[str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_FOR_NODES)}
        environment = {**kept, **self.environment, **SETTINGS}
        process = daemons.start(command, self.prefix / f"{name}.log", environment)
        self.recorded = self.recorded.model_copy(update={"nodes": {**self.recorded.nodes, name: process}})
        self._record()

    def _record(self) -> None:
        replace_file(self.prefix / "cluster.json", self.recorded.model_dump_json(indent=1))


def _usage(answer: Any) -> dict[str, tuple[float, float]] | None:
    usage = (answer["data"]["clusterStatus"] or {}).get("loadMetricsReport", {}).get("usage")
    return None if usage is None else {name: (float(used), float(total)) for name, (used, total) in usage.items()}


def head_command(prefix: Path, recorded: RayRecord) -> list[str]:
    """Return the command of the head, which has no CPUs for tasks."""
    return [
        *_ray_start(),
        "--head",
        "--node-ip-address=127.0.0.2",
        f"--port={recorded.port}",
        "--num-cpus=0",
        f"--temp-dir={prefix}/ray",
        "--dashboard-host=127.0.0.1",
        f"--dashboard-port={recorded.dashboard}",
        "--disable-usage-stats",
        *_agent_ports("127.0.0.2"),
    ]


def node_command(recorded: RayRecord, index: int) -> list[str]:
    """Return the command of node `index`."""
    shape = recorded.shape
    return [
        *_ray_start(),
        f"--address=127.0.0.2:{recorded.port}",
        f"--node-ip-address={address(index)}",
        f"--num-cpus={shape.cpus}",
        f"--num-gpus={shape.gpus}",
        f"--memory={shape.memory_gib << 30}",
        *_agent_ports(address(index)),
    ]


def address(index: int) -> str:
    """Return the address of node `index`; the head has 127.0.0.2."""
    return f"127.0.0.{3 + index}"


def _agent_ports(host: str) -> list[str]:
    """Return port options for a node's agents: a node exits unless it learns their ports within 15 seconds."""
    names = ("dashboard-agent-grpc", "dashboard-agent-listen", "metrics-export", "runtime-env-agent")
    return [f"--{name}-port={port}" for name, port in zip(names, free_ports(len(names), host), strict=True)]


def _ray_start() -> list[str]:
    ray = Path(sys.executable).with_name("ray")
    return [sys.executable, str(ray), "start", "--block", f"--object-store-memory={OBJECT_STORE_BYTES}"]


def existing() -> Iterator[RayCluster]:
    """Yield the clusters of this machine."""
    for state in sorted(PARENT.glob(f"{PREFIX}*/cluster.json")):
        yield RayCluster.load(state.parent)


def stop_orphans() -> None:
    """Stop the clusters whose owner died without stopping them."""
    for cluster in existing():
        if cluster.recorded.owner and cluster.recorded.owner.is_gone:
            cluster.stop()
