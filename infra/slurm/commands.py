"""The command lines of a throw-away cluster's daemons, all in the foreground."""

from infra.slurm.shape import Layout, Ports

# Pid 1 of a node. It gives the node its name and its hosts, starts slurmd, and reaps what jobs leave behind. Its death
# is a power loss: the kernel then kills every process of the node.
NODE_INIT = 'hostname "$1"; mount --bind "$2" /etc/hosts; shift 2; "$@" & wait "$!"'


def munge_key(layout: Layout) -> list[str]:
    return ["mungekey", "--create", f"--keyfile={layout.munge_key}"]


def munged(layout: Layout) -> list[str]:
    folder = layout.munge_socket.parent
    return [
        "munged",
        "--foreground",
        f"--socket={layout.munge_socket}",
        f"--key-file={layout.munge_key}",
        f"--pid-file={folder}/munged.pid",
        f"--log-file={layout.log('munged')}",
        f"--seed-file={folder}/munged.seed",
        "--num-threads=10",
    ]


def install_database(layout: Layout) -> list[str]:
    return [
        "mariadb-install-db",
        "--no-defaults",
        "--user=root",
        f"--datadir={layout.database}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    ]


def mariadbd(layout: Layout, ports: Ports) -> list[str]:
    return [
        "mariadbd",
        "--no-defaults",
        "--user=root",
        f"--datadir={layout.database}",
        f"--socket={layout.database_socket}",
        f"--pid-file={layout.database.parent}/mariadbd.pid",
        "--bind-address=127.0.0.1",
        f"--port={ports.database}",
        "--innodb-buffer-pool-size=128M",
        "--innodb-log-file-size=32M",
        "--innodb-lock-wait-timeout=900",
        "--innodb-flush-log-at-trx-commit=0",
        f"--log-error={layout.log('mariadbd')}",
    ]


def mariadb(layout: Layout, statements: str) -> list[str]:
    return ["mariadb", "--no-defaults", "-uroot", "-S", str(layout.database_socket), "-e", statements]


def slurmdbd() -> list[str]:
    return ["slurmdbd", "-D"]


def slurmctld() -> list[str]:
    return ["slurmctld", "-D"]


def node(layout: Layout, name: str) -> list[str]:
    """Return the command of a node: slurmd in name spaces of its own for processes, mounts and the host's name."""
    spaces = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts"]
    return [*spaces, "bash", "-c", NODE_INIT, "init", name, str(layout.hosts), "slurmd", "-D", "-N", name]
