"""Carrying out a command of another package, in a Python of its own."""

import subprocess
from typing import IO, Any

from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment, python_module


def execute(package: str, words: list[str], store: Store, output: IO[Any] | None = None) -> int:
    """Run `python -m package words...` on the store as a part of adasweep; return its exit code.

    What it prints goes to `output`, or else to where ours goes.
    """
    settings = environment({"ADASWEEP_STORE": str(store.root), "ADASWEEP_PROGRAM": "adasweep"})
    return subprocess.run([*python_module(package), *words], env=settings, stdout=output, check=False).returncode
