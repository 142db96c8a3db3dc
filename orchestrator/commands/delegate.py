"""Runs a command of another package in a separate Python process."""

import subprocess
from typing import IO, Any

from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment, python_module


def execute(package: str, arguments: list[str], store: Store, output: IO[Any] | None = None) -> int:
    """Run `python -m PACKAGE ARGUMENTS` on the store as a part of adasweep; return its exit code.

    Its stdout goes to `output`, by default to this process's stdout.
    """
    settings = environment({"ADASWEEP_STORE": str(store.root), "ADASWEEP_PROGRAM": "adasweep"})
    return subprocess.run([*python_module(package), *arguments], env=settings, stdout=output, check=False).returncode
