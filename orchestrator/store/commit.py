"""The commit of the code: of its git repository, or of the one that a wheel was built from."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

BUILT_FROM = Path("orchestrator", "built_from.txt")
"""The file of a wheel that names the commit it was built from."""

GIT_SECONDS = 20.0


def commit_of(root: Path) -> str:
    """Return the commit of the packages in `root`, 40 hexadecimal digits; "" where none is known.

    A repository counts only where `root` is its top: a wheel may be installed somewhere inside another project's.
    """
    prefix, _, commit = _git(root, "rev-parse", "--show-prefix", "HEAD").decode().partition("\n")
    if commit and not prefix:
        return commit.strip()
    built_from = root / BUILT_FROM
    return built_from.read_text(encoding="ascii").strip() if built_from.exists() else ""


def changes_since(commit: str, root: Path, packages: Sequence[str]) -> bytes:
    """Return what differs in the packages from a commit of the repository at `root`, as a patch."""
    return _git(root, "diff", "--binary", commit, "--", *packages) if commit else b""


def _git(root: Path, *words: str) -> bytes:
    command = ["git", "-C", str(root), *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
