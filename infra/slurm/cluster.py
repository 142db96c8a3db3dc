"""A running throw-away cluster: start, break, repair and stop it. Processes are identified by pid and start time."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra import daemons
from infra.ports import is_open
from infra.slurm import commands, config
from infra.slurm.packages import CannotRunSlurm
from infra.slurm.shape import Layout, Ports, SlurmShape
from infra.waiting import WaitedTooLong, wait_until
from orchestrator.store.process_id import ProcessId
from trainer.config.spec import Settings
from trainer.files import replace_file

# Short, since a socket's path has at most 107 characters, and accessible to all users, as munge requires.
PARENT = Path("/tmp")
PREFIX = "adasweep-slurm-"
START_SECONDS = 60.0
PATIENCE_SECONDS = 3.0


class SlurmRecord(Settings):
    """The content of `cluster.json`. `owner` is the process the cluster was started for; None: runs until stopped."""

    shape: SlurmShape
    ports: Ports
    owner: ProcessId | None
    daemons: dict[str, ProcessId] = {}


@dataclass
class Cluster:
    """A cluster below one directory, where every change of its processes is recorded immediately."""

    layout: Layout
    recorded: SlurmRecord

    @classmethod
    def create(cls, shape: SlurmShape, owner: ProcessId | None = None) -> "Cluster":
        """Return a new cluster with its files written and nothing started."""
        prefix = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PARENT))
        prefix.chmod(0o755)
        cluster = cls(Layout(prefix), SlurmRecord(shape=shape, ports=Ports.free(shape.nodes), owner=owner))
        cluster._write_files()
        cluster._record()
        return cluster

    @classmethod
    def load(cls, prefix: Path) -> "Cluster":
        layout = Layout(prefix)
        return cls(layout, SlurmRecord.model_validate_json(layout.state.read_text(encoding="utf-8")))

    @property
    def shape(self) -> SlurmShape:
        return self.recorded.shape

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment that SLURM's commands need to connect to this cluster."""
        return {"SLURM_CONF": str(self.layout.slurm_conf)}

    def start(self) -> None:
        """Start every daemon and return once all nodes are idle."""
        layout, ports = self.layout, self.recorded.ports
        _run(commands.munge_key(layout))
        self._launch("munged", commands.munged(layout))
        _run(commands.install_database(layout))
        self._launch("mariadbd", commands.mariadbd(layout, ports))
        wait_until(layout.database_socket.exists, START_SECONDS, "the database")
        wait_until(layout.munge_socket.exists, START_SECONDS, "munge")
        _run(commands.mariadb(layout, config.database_sql()))
        self.start_accounting()
        self.start_controller()
        for name in self.shape.names:
            self.start_node(name)
        wait_until(self._is_idle, START_SECONDS, "idle nodes")

    def stop(self) -> None:
        """Kill every node, stop the other daemons, and remove the directory."""
        nodes = [self.recorded.daemons[name] for name in self.shape.names if name in self.recorded.daemons]
        daemons.kill(nodes)
        for name in ("slurmctld", "slurmdbd", "mariadbd", "munged"):
            if name in self.recorded.daemons:
                daemons.stop(self.recorded.daemons[name])
        shutil.rmtree(self.layout.prefix, ignore_errors=True)

    def start_accounting(self) -> None:
        self._launch("slurmdbd", commands.slurmdbd(self.layout))
        wait_until(lambda: is_open(self.recorded.ports.accounting), START_SECONDS, "slurmdbd")

    def start_controller(self) -> None:
        self._launch("slurmctld", commands.slurmctld(self.layout))
        wait_until(lambda: self.run("scontrol", "ping", check=False).returncode == 0, START_SECONDS, "slurmctld")

    def start_node(self, name: str) -> None:
        self._launch(name, commands.node(self.layout, name))

    def kill(self, name: str) -> None:
        """Kill a daemon (a crash), or a node with all that runs on it (a power failure)."""
        daemons.kill([self.recorded.daemons[name]])

    def kill_slurmd_only(self, name: str) -> None:
        """Kill a node's slurmd and leave the jobs on the node running."""
        daemons.kill([ProcessId.of(process.pid) for process in self._inside(name) if process.name() == "slurmd"])

    def running(self, node: str, word: str) -> list[ProcessId]:
        """Return the processes of `node` with `word` in their command line."""
        return [ProcessId.of(process.pid) for process in self._inside(node) if word in " ".join(_command(process))]

    def mark_down(self, name: str) -> None:
        """Mark a node as down immediately, which the controller would only do after its timeout."""
        self.run("scontrol", "update", f"nodename={name}", "state=down", "reason=lost")

    def restore_node(self, name: str) -> None:
        """Restart a lost node and return once it accepts jobs."""
        self.start_node(name)
        wait_until(lambda: "down" not in self.node_state(name), START_SECONDS, f"{name} to come back")

    def repair(self) -> None:
        """Cancel every job, restart what was killed or hangs, and return once all nodes are idle."""
        if self.recorded.daemons["slurmdbd"].is_gone:
            self.start_accounting()
        if self.recorded.daemons["slurmctld"].is_gone:
            self.start_controller()
        self.run("scancel", "--me", check=False)
        with contextlib.suppress(WaitedTooLong):
            wait_until(self._is_idle, PATIENCE_SECONDS, "idle nodes")
        for name in self.shape.names:
            if self.node_state(name) != "idle":
                self.reboot(name)
        wait_until(self._is_idle, START_SECONDS, "idle nodes and an empty queue")

    def reboot(self, name: str) -> None:
        """Power a node off and on again."""
        self.kill(name)
        self.mark_down(name)
        self.start_node(name)

    def node_states(self) -> list[str]:
        """Return the state of every node in sinfo's notation."""
        return self.run("sinfo", "--noheader", "--Node", "--partition=main", "--format=%t").stdout.split()

    def node_state(self, name: str) -> str:
        return self.run("sinfo", "--noheader", "--partition=main", f"--nodes={name}", "--format=%t").stdout.strip()

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of SLURM's commands on this cluster."""
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=check)

    def _is_idle(self) -> bool:
        waiting = self.run("squeue", "--noheader", check=False).stdout.split()
        return not waiting and self.node_states() == ["idle"] * self.shape.nodes

    def _inside(self, node: str) -> list[psutil.Process]:
        return list(psutil.Process(self.recorded.daemons[node].pid).children(recursive=True))

    def _launch(self, name: str, command: Sequence[str]) -> None:
        environment = {**os.environ, **self.environment}
        process = daemons.start(command, self.layout.log(f"{name}.out"), environment)
        self.recorded = self.recorded.model_copy(update={"daemons": {**self.recorded.daemons, name: process}})
        self._record()

    def _record(self) -> None:
        replace_file(self.layout.state, self.recorded.model_dump_json(indent=1))

    def _write_files(self) -> None:
        layout, shape, ports = self.layout, self.shape, self.recorded.ports
        for folder in layout.folders(shape.names):
            folder.mkdir(parents=True)
        for index in range(shape.gpus):
            (layout.devices / f"gpu{index}").symlink_to("/dev/null")
        host = socket.gethostname()
        first_job = int(time.time()) % 60_000_000 + 1
        layout.slurm_conf.write_text(config.slurm_conf(layout, shape, ports, host, first_job))
        layout.gres_conf.write_text(config.gres_conf(layout, shape))
        layout.hosts.write_text(config.hosts(shape, host))
        layout.slurmdbd_conf.touch(mode=0o600)
        layout.slurmdbd_conf.write_text(config.slurmdbd_conf(layout, ports))


def existing() -> Iterator[Cluster]:
    """Yield the clusters of this machine."""
    for state in sorted(PARENT.glob(f"{PREFIX}*/cluster.json")):
        yield Cluster.load(state.parent)


def stop_orphans() -> None:
    """Stop the clusters whose owner died without stopping them."""
    for cluster in existing():
        if cluster.recorded.owner and cluster.recorded.owner.is_gone:
            cluster.stop()


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunSlurm(f"{command[0]} failed: {' '.join(done.stderr.split())[-300:]}")
