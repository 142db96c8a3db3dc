"""Checks the syntax of shell commands with bash, without running them."""

import re
import shutil
import subprocess

TIMEOUT_SECONDS = 10.0


def syntax_error(text: str) -> str:
    """Return bash's message about a syntax error; "" if there is none, or no bash."""
    bash = shutil.which("bash")
    if not bash or not text.strip():
        return ""
    done = subprocess.run(
        [bash, "--norc", "-n"], input=text.encode(), capture_output=True, timeout=TIMEOUT_SECONDS, check=False
    )
    if done.returncode == 0:
        return ""
    first = next(iter(done.stderr.decode(errors="replace").splitlines()), "syntax error")
    return re.sub(r"^.*?line \d+: ", "", first)
