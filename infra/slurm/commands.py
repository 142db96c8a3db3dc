"""The command lines of a throw-away cluster's daemons, all in the foreground."""

from infra.slurm.shape import Layout, Ports

# Pid 1 of a node. It sets the node's name and hosts file, starts slurmd, and reaps orphaned processes of jobs. Killing
# it is a power failure: the kernel then kills every process of the node.
NODE_INIT = 'hostname "$1"; mount --bind "$2" /etc/hosts; shift 2; "$@" & wait "$!"'

# A daemon listens on the address that its host name resolves to.
OWN_HOSTS = 'mount --bind "$1" /etc/hosts; shift; exec "$@"'


def munge_key(layout: Layout) -> list[str]:
    """Return the command that creates the key shared by all daemons."""
    return ["mungekey", "--create", f"--keyfile={layout.munge_key}"]


def munged(layout: Layout) -> list[str]:
    """Return the command of the authentication daemon."""
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
    """Return the command that creates MariaDB's system tables."""
    return [
        "mariadb-install-db",
        "--no-defaults",
        "--user=root",
        f"--datadir={layout.database}",
        "--auth-root-authentication-method=normal",
        f"--tmpdir={layout.database.parent}",  # clusters that start at the same time would use the same names in /tmp
        "--skip-test-db",
    ]


def mariadbd(layout: Layout, ports: Ports) -> list[str]:
    """Return the command of the accounting database server."""
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
    """Return the command that executes SQL on the database server."""
    return ["mariadb", "--no-defaults", "-uroot", "-S", str(layout.database_socket), "-e", statements]


def slurmdbd(layout: Layout) -> list[str]:
    """Return the command of the accounting daemon."""
    return _on_loopback(layout, "slurmdbd", "-D")


def slurmctld(layout: Layout) -> list[str]:
    """Return the command of the controller."""
    return _on_loopback(layout, "slurmctld", "-D")


def _on_loopback(layout: Layout, *command: str) -> list[str]:
    """Return a daemon's command, run in a mount namespace where this machine's name is a loopback address."""
    return ["unshare", "--mount", "bash", "-c", OWN_HOSTS, "init", str(layout.hosts), *command]


def node(layout: Layout, name: str) -> list[str]:
    """Return the command of a node: slurmd in its own namespaces for processes, mounts and host name."""
    spaces = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts"]
    return [*spaces, "bash", "-c", NODE_INIT, "init", name, str(layout.hosts), "slurmd", "-D", "-N", name]
