"""python -m benchmarks.bench_startup: start-up time of short commands, at a git revision and in the working tree.

The revision is checked out into a temporary worktree. Both sides take turns, with the same Python and packages, on the
sweep files and the store recorded in tests/compat, with placeholders for the data that the plans name. Prints medians
of the wall time and of the user CPU time (less sensitive to other processes), and the number of modules loaded.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from tests.compat.packing import copied
from tests.compat.placeholders import write_placeholder
from tests.compat.recording import Copy
from trainer.command_line.group import new_app
from trainer.command_line.program import run_program

ROOT = Path(__file__).resolve().parents[1]
COMMANDS: dict[str, Sequence[str]] = {
    "--help": ("--help",),
    "plan demo.yaml": ("plan", "sweeps-of-papers/demo.yaml"),
    "plan ada/fig11b_cifar.yaml, paper tier, slurm": (
        *("plan", "sweeps-of-papers/ada/fig11b_cifar.yaml", "--tier=paper", "--backend=slurm"),
    ),
    "status": ("status",),
}
PROGRAM = """
import sys
from orchestrator.cli import main
code = main(sys.argv[1:])
sys.stderr.write(f"\\n{code} {len(sys.modules)}\\n")
"""


class Run(NamedTuple):
    """One run of a command: wall seconds, user CPU seconds, and modules loaded at exit."""

    wall: float
    user: float
    modules: int


class Startup(NamedTuple):
    """Medians of one command with one version of the code, in seconds."""

    command: str
    code: str
    wall: float
    user: float
    modules: int


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Yield a temporary worktree of the repository at `revision`."""
    with tempfile.TemporaryDirectory(prefix="adasweep-startup-") as folder:
        place = Path(folder) / "worktree"
        git = ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "--quiet", "--detach", str(place), revision], check=True)
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)


@contextmanager
def prepared_store() -> Iterator[Copy]:
    """Yield a copy of the recorded store, with placeholders for the data sets and the detector of its plans."""
    with copied() as recorded:
        write_placeholder(recorded.store / "data" / "fashion-mnist-10k.zip", 10_000, 32, "L", classes=10)
        write_placeholder(recorded.store / "data" / "cifar10.zip", 10_000, 32, "RGB", classes=10)
        (recorded.root / "inception-2015-12-05.pt").touch()
        yield recorded


def run(code: Path, words: Sequence[str], store: Copy) -> Run:
    """Run an `adasweep` command with the packages in `code`. Raises RuntimeError if it fails."""
    environment = store.environment(PYTHONPATH=str(code))
    command = [sys.executable, "-P", "-c", PROGRAM, *words]
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=store.root, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - started, os.times()
    exit_code, modules = done.stderr.split()[-2:]
    if exit_code != "0":
        raise RuntimeError(f"{' '.join(words)} in {code} failed: {done.stderr}")
    return Run(wall, after.children_user - before.children_user, int(modules))


def medians(codes: dict[str, Path], store: Copy, rounds: int) -> Iterator[Startup]:
    """Yield the medians of every command with every version of the code, after one warm-up round."""
    for command, words in COMMANDS.items():
        found: dict[str, list[Run]] = {name: [] for name in codes}
        for _ in range(rounds + 1):
            for name, code in codes.items():
                found[name].append(run(code, words, store))
        for name, runs in found.items():
            wall, user, _ = map(statistics.median, zip(*runs[1:], strict=True))
            yield Startup(command, name, wall, user, runs[-1].modules)


AgainstOption = Annotated[str, typer.Option("--against", metavar="REVISION", help="Git revision to compare with.")]
RoundsOption = Annotated[int, typer.Option("--rounds", min=1, help="Rounds per side.")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Also write the numbers, as JSON.")]

app = new_app()


@app.command()
def main(against: AgainstOption = "HEAD", rounds: RoundsOption = 9, out: OutOption = None) -> None:
    """Compare the start-up time of commands at a revision and in the working tree."""
    with checked_out(against) as before, prepared_store() as store:
        rows = list(medians({against: before, "working tree": ROOT}, store, rounds))
    table = Table("command", "code", "wall, s", "user CPU, s", "modules", title=f"medians of {rounds}")
    for row in rows:
        table.add_row(row.command, row.code, f"{row.wall:.2f}", f"{row.user:.2f}", str(row.modules))
    Console().print(table)
    if out:
        out.write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run_program(app, sys.argv[1:], "python -m benchmarks.bench_startup"))
