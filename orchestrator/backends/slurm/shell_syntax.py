"""Checks the syntax of shell commands with bash, without running them."""

import os
import re
import shutil
import subprocess

TIMEOUT_SECONDS = 10.0


def syntax_error(text: str) -> str:
    """Return bash's message about a syntax error or an endless here-document; "" if there is none, or no bash."""
    bash = shutil.which("bash")
    if not bash or not text.strip():
        return ""
    command, english = [bash, "--norc", "-n"], {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        command, input=text.encode(), capture_output=True, timeout=TIMEOUT_SECONDS, check=False, env=english
    )
    lines = done.stderr.decode(errors="replace").splitlines()
    if done.returncode == 0:
        lines = [line for line in lines if "here-document" in line]
    elif not lines:
        lines = ["syntax error"]
    return re.sub(r"^.*?line \d+: ", "", lines[0]) if lines else ""
