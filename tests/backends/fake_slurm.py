"""A fake SLURM: scripts with configurable output, put first in PATH."""

import os
from pathlib import Path

import pytest

SBATCH = """
last=$(sed -n 's/^#SBATCH --array=0-\\([0-9]*\\).*/\\1/p' "$1")
count=$((${last:-0} + 1))
taken=$(cat "$here/taken")
echo "$count" >>"$here/asked"
if [ -s "$here/refusal" ]; then cat "$here/refusal" >&2; exit 1; fi
if [ $((taken + count)) -gt "$(cat "$here/most")" ]; then
    echo "sbatch: error: $(cat "$here/word")" >&2
    why="Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
    echo "sbatch: error: Batch job submission failed: $why" >&2
    exit 1
fi
echo $((taken + count)) >"$here/taken"
sed "s/NUMBER/$((4700 + taken))/" "$here/submitted"
"""


class FakeSlurm:
    """The scripts in `folder`; they print the files in `answers`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.answers = folder / "answers"
        self.answers.mkdir(parents=True)
        self.set(taken="0", most="100000", word="AssocMaxSubmitJobLimit", refusal="", squeue="", sacct="")
        self.set(submitted="Submitted batch job NUMBER\n", asked="", scancelled="")
        self.command("sbatch", SBATCH)
        self.command("squeue", 'cat "$here/squeue"')
        self.command("sacct", 'cat "$here/sacct"')
        self.command("scancel", 'echo "$*" >>"$here/scancelled"')
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def set(self, **texts: str) -> None:
        """Set what a command prints, or how many jobs SLURM accepts (`most`)."""
        for name, text in texts.items():
            (self.answers / name).write_bytes(text.encode(errors="surrogatepass"))

    def lines(self, name: str) -> list[str]:
        return (self.answers / name).read_text().split("\n")[:-1]

    def command(self, name: str, lines: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\nhere={self.answers}\n{lines}\n")
        path.chmod(0o755)
