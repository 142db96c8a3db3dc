"""Debian packages, installed where that is possible."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from trainer.files import locked

LOCK = Path("/tmp/adasweep-apt.lock")
"""apt-get does not wait for another of its kind; tests run side by side."""


class CannotInstall(Exception):
    """Packages are missing and cannot be installed here; the text says why."""


def install(packages: Sequence[str]) -> None:
    """Install `packages` as root with apt-get. Raises CannotInstall, saying why it could not."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotInstall(f"{', '.join(packages)} would have to be installed, which takes root and apt-get")
    with locked(LOCK):
        for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            _apt_get(command)


def _apt_get(command: Sequence[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["apt-get", "-qq", *command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotInstall(f"apt-get {command[0]} failed: {' '.join(done.stderr.split())[-300:]}")
