"""Commands that belong to another room: passed on as they are, to a Python of their own."""

import subprocess
from typing import IO, Any

from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment, python_module

BY_SWEEP = frozenset({"figures", "table", "claims"})
"""Commands of the analysis whose first word is a sweep's name here, and an option there."""


def execute(package: str, words: list[str], store: Store, output: IO[Any] | None = None) -> int:
    """Run `python -m package words...` with the store in the environment; return its exit code.

    What it prints goes to `output`, or else to where ours goes.
    """
    command, *rest = words
    if command in BY_SWEEP and rest and not rest[0].startswith("-"):
        rest = ["--sweep", *rest]
    settings = environment({"ADASWEEP_STORE": str(store.root)})
    line = [*python_module(package), command, *rest]
    return subprocess.run(line, env=settings, stdout=output, check=False).returncode
