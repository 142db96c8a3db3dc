"""Checks the syntax of shell commands, with bash, without running them."""

import os
import re
import shutil
import subprocess

TIMEOUT_SECONDS = 10.0
PLAIN = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*"|`[^`]*`|\$\((?:[^()]|\([^()]*\))*\)|\$\{[^}]*\}|[<>][&|]|&>""")
"""What ends no command whatever is in it: an escape, a quotation, a substitution, a redirection."""
ENDING = re.compile(r"(?<!\S)#|[;&|]+|\\$")
"""What ends a command, or makes a comment of the rest of its line."""


def command_end(text: str) -> str:
    """Return what ends a shell command before the end of its line: `;`, `&&`, `|`, `#`; "" if nothing does."""
    found = ENDING.search(PLAIN.sub("_", text))
    return found[0] if found else ""


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
