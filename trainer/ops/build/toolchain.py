"""The compilers of this machine."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from trainer.errors import UserError
from trainer.ops.build.recipes import WANTED_ARCHITECTURES

NO_COMPILER = "no C++ compiler; install one (Debian: apt-get install g++), or set CXX"
NO_NVCC = "no nvcc with a C++ compiler that it can call; install the CUDA toolkit and g++, or set NVCC and CXX"


class Compiler(NamedTuple):
    """The path and the version line of a compiler."""

    path: str
    version: str


def cxx() -> Compiler | None:
    """Return the C++ compiler: $CXX, g++ or clang++."""
    return _first([os.environ.get("CXX"), "g++", "clang++"])


def nvcc() -> Compiler | None:
    """Return the CUDA compiler: $NVCC, nvcc on the path, or that of /usr/local/cuda; None without a C++ compiler."""
    return cxx() and _first([os.environ.get("NVCC"), "nvcc", "/usr/local/cuda/bin/nvcc"])


def host_options() -> list[str]:
    """Return the options that make nvcc call the C++ compiler found here, instead of the first gcc on the path."""
    host = cxx()
    return [f"-ccbin={host.path}"] if host else []


def architectures(compiler: Compiler) -> list[int]:
    """Return the wanted architectures that this toolkit supports, in ascending order."""
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
    """Run a compiler and write its output to `log`. Raises UserError with its first error line if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    log.write_text(" ".join(command) + "\n" + output, encoding="utf-8")
    if done.returncode:
        errors = [line for line in output.splitlines() if "error" in line] or output.splitlines() or ["no output"]
        raise UserError(
            command[0], f"failed with {done.returncode}: {errors[0]}", "see what it was given with --verbose"
        )
