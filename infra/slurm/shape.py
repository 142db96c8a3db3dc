"""The size of a throw-away cluster, its ports, and the layout of its files."""

from dataclasses import dataclass
from pathlib import Path

from infra.ports import free_ports
from trainer.config.spec import PositiveInt, Settings


class SlurmShape(Settings):
    """Size of the cluster. Its nodes are called n1, n2, ...; CPUs and GPUs are simulated, memory is not limited."""

    nodes: PositiveInt = 2
    cpus: PositiveInt = 4
    gpus: PositiveInt = 4
    memory_mib: PositiveInt = 8000
    node_timeout_seconds: PositiveInt = 10
    kill_wait_seconds: PositiveInt = 5
    requeue_delay_seconds: PositiveInt = 5
    grace_seconds: PositiveInt = 10

    @property
    def names(self) -> list[str]:
        return [f"n{index}" for index in range(1, self.nodes + 1)]


class Ports(Settings):
    """The ports of the daemons on 127.0.0.1; one port per node."""

    database: int
    accounting: int
    controller: int
    nodes: tuple[int, ...]

    @classmethod
    def free(cls, nodes: int) -> "Ports":
        database, accounting, controller, *rest = free_ports(3 + nodes)
        return cls(database=database, accounting=accounting, controller=controller, nodes=tuple(rest))


@dataclass(frozen=True)
class Layout:
    """Paths of the files below the cluster's directory."""

    prefix: Path

    @property
    def slurm_conf(self) -> Path:
        return self.prefix / "etc" / "slurm.conf"

    @property
    def gres_conf(self) -> Path:
        return self.prefix / "etc" / "gres.conf"

    @property
    def slurmdbd_conf(self) -> Path:
        return self.prefix / "etc" / "slurmdbd.conf"

    @property
    def hosts(self) -> Path:
        return self.prefix / "etc" / "hosts"

    @property
    def munge_socket(self) -> Path:
        return self.prefix / "munge" / "munge.socket"

    @property
    def munge_key(self) -> Path:
        return self.prefix / "munge" / "munge.key"

    @property
    def database(self) -> Path:
        return self.prefix / "db" / "data"

    @property
    def database_socket(self) -> Path:
        return self.prefix / "db" / "mysql.sock"

    @property
    def controller_state(self) -> Path:
        return self.prefix / "spool" / "controller"

    @property
    def devices(self) -> Path:
        return self.prefix / "dev"

    @property
    def jobs(self) -> Path:
        return self.prefix / "jobs"

    @property
    def state(self) -> Path:
        return self.prefix / "cluster.json"

    def log(self, daemon: str) -> Path:
        return self.prefix / "log" / f"{daemon}.log"

    def folders(self, names: list[str]) -> list[Path]:
        """Return every folder that must exist before the daemons start."""
        fixed = ("etc", "log", "run", "munge", "db", "dev", "jobs", "spool/controller")
        return [self.prefix / name for name in (*fixed, *(f"spool/{node}" for node in names))]
