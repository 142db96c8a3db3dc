"""Installation of Debian packages."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from trainer.files import locked

LOCK = Path("/tmp/adasweep-apt.lock")
"""apt-get fails while another one is running; tests run in parallel."""


class CannotInstall(Exception):
    """Packages are missing and cannot be installed; the message gives the reason."""


def program(names: Sequence[str], package: str) -> str:
    """Return the path of the first program of `names` that is here; install `package` if none is.

    Raises CannotInstall with the reason.
    """
    if found := _first(names):
        return found
    install([package])
    if found := _first(names):
        return found
    raise CannotInstall(f"package {package} has none of the programs {', '.join(names)}")


def _first(names: Sequence[str]) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


def install(packages: Sequence[str]) -> None:
    """Install `packages` as root with apt-get. Raises CannotInstall with the reason."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotInstall(f"installing {', '.join(packages)} needs root and apt-get")
    with locked(LOCK):
        for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            _apt_get(command)


def _apt_get(command: Sequence[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["apt-get", "-qq", *command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotInstall(f"apt-get {command[0]} failed: {' '.join(done.stderr.split())[-300:]}")
