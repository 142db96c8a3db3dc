"""The command lines of a throw-away cluster's daemons, all in the foreground."""

from infra.slurm.shape import Layout, Ports

# Pid 1 of a node. It gives the node its name and its hosts, starts slurmd, and reaps what jobs leave behind. Its death
# is a power loss: the kernel then kills every process of the node.
NODE_INIT = 'hostname "$1"; mount --bind "$2" /etc/hosts; shift 2; "$@" & wait "$!"'

# A daemon listens to what its host's name resolves to.
OWN_HOSTS = 'mount --bind "$1" /etc/hosts; shift; exec "$@"'


def munge_key(layout: Layout) -> list[str]:
    """Return the command that makes the key all daemons share."""
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
    """Return the command that makes MariaDB's system tables."""
    return [
        "mariadb-install-db",
        "--no-defaults",
        "--user=root",
        f"--datadir={layout.database}",
        "--auth-root-authentication-method=normal",
        f"--tmpdir={layout.database.parent}",  # clusters that start at once would share names in /tmp
        "--skip-test-db",
    ]


def mariadbd(layout: Layout, ports: Ports) -> list[str]:
    """Return the command of the accounting database's server."""
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
    """Return the command that has the database's server execute SQL."""
    return ["mariadb", "--no-defaults", "-uroot", "-S", str(layout.database_socket), "-e", statements]


def slurmdbd(layout: Layout) -> list[str]:
    """Return the command of the accounting daemon."""
    return _on_loopback(layout, "slurmdbd", "-D")


def slurmctld(layout: Layout) -> list[str]:
    """Return the command of the controller."""
    return _on_loopback(layout, "slurmctld", "-D")


def _on_loopback(layout: Layout, *command: str) -> list[str]:
    """Return a daemon's command for where this machine's name is a loopback address, whatever it is elsewhere."""
    return ["unshare", "--mount", "bash", "-c", OWN_HOSTS, "init", str(layout.hosts), *command]


def node(layout: Layout, name: str) -> list[str]:
    """Return the command of a node: slurmd in name spaces of its own for processes, mounts and the host's name."""
    spaces = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts"]
    return [*spaces, "bash", "-c", NODE_INIT, "init", name, str(layout.hosts), "slurmd", "-D", "-N", name]
