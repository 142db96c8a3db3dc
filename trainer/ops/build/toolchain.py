"""The compilers of this machine, and what is missing."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from trainer.errors import UserError
from trainer.ops.build.recipes import WANTED_ARCHITECTURES

NO_COMPILER = "no C++ compiler; install one (Debian: apt-get install g++), or name one in CXX"
NO_NVCC = "no nvcc; install the CUDA toolkit, or name its nvcc in NVCC"


class Compiler(NamedTuple):
    """A compiler's path and what it says of its version."""

    path: str
    version: str


def cxx() -> Compiler | None:
    """Return the C++ compiler: CXX, or g++, or clang++."""
    return _first([os.environ.get("CXX"), "g++", "clang++"])


def nvcc() -> Compiler | None:
    """Return the CUDA compiler: NVCC, or nvcc on the path, or that of /usr/local/cuda."""
    return _first([os.environ.get("NVCC"), "nvcc", "/usr/local/cuda/bin/nvcc"])


def architectures(compiler: Compiler) -> list[int]:
    """Return the wanted architectures that this toolkit knows, ascending."""
    listed = _output([compiler.path, "--list-gpu-arch"])
    known = {int(number) for number in re.findall(r"compute_(\d+)\b", listed)}
    return [wanted for wanted in WANTED_ARCHITECTURES if wanted in known]


def _first(candidates: list[str | None]) -> Compiler | None:
    for candidate in candidates:
        path = shutil.which(candidate) if candidate else None
        if path:
            return Compiler(path, _version(path))
    return None


def _version(path: str) -> str:
    lines = _output([path, "--version"]).splitlines()
    releases = [line for line in lines if "release" in line]
    return (releases or lines or ["of unknown version"])[0]


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def run(command: list[str], log: Path) -> None:
    """Run a compiler and keep what it says. Raises UserError with its last line when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    log.write_text(" ".join(command) + "\n" + said, encoding="utf-8")
    if done.returncode:
        errors = [line for line in said.splitlines() if "error" in line] or said.splitlines() or ["it says nothing"]
        raise UserError(
            command[0], f"failed with {done.returncode}: {errors[0]}", "see what it was given with --verbose"
        )
