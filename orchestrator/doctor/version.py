"""What `adasweep --version` prints."""

import importlib.metadata

from orchestrator.doctor.checks import operations
from orchestrator.store.commit import commit_of
from orchestrator.store.frozen_code import LIVE

COMMIT_DIGITS = 12


def version_text() -> str:
    """Return the version and the commit of this installation, and its compiled operations, one line each."""
    commit = commit_of(LIVE)[:COMMIT_DIGITS]
    first = f"adasweep {importlib.metadata.version('adasweep')}" + (f", commit {commit}" if commit else "")
    return "\n".join([first, *(f"{found.name}: {found.detail}" for found in operations())])
