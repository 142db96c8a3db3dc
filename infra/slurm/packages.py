"""The requirements of a throw-away cluster on this machine."""

import os
import shutil
import subprocess

from infra.debian import CannotInstall, install

PACKAGES = (
    "slurmctld",
    "slurmd",
    "slurm-client",
    "slurmdbd",
    "munge",
    "mariadb-server-core",
    "mariadb-client-core",
)
PROGRAMS = (
    "slurmctld",
    "slurmd",
    "sbatch",
    "slurmdbd",
    "munged",
    "mungekey",
    "mariadbd",
    "mariadb-install-db",
    "unshare",
)


class CannotRunSlurm(Exception):
    """This machine cannot run a throw-away cluster; the message gives the reason."""


def require() -> None:
    """Ensure that a cluster can be started, installing what is missing. Raises CannotRunSlurm with the reason."""
    if os.geteuid() != 0:
        raise CannotRunSlurm("SLURM's daemons and their namespaces need root")
    if missing():
        _install()
    if missing():
        raise CannotRunSlurm(f"programs are missing: {', '.join(missing())}")
    tried = subprocess.run(["unshare", "--pid", "--fork", "--mount", "--uts", "true"], capture_output=True, check=False)
    if tried.returncode:
        raise CannotRunSlurm(f"cannot create namespaces: {tried.stderr.decode(errors='replace').strip()}")


def missing() -> list[str]:
    """Return the programs that are not installed."""
    return [program for program in PROGRAMS if not shutil.which(program)]


def _install() -> None:
    try:
        install(PACKAGES)
    except CannotInstall as reason:
        raise CannotRunSlurm(f"programs are missing: {', '.join(missing())}; {reason}") from None
