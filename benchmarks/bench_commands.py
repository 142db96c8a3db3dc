"""What a person waits for: short commands on the store of the demo, and the first iteration of a worker.

CPU time of whole processes, user and system, against the time allowed. Commands take turns. The demo's source
is trained by the scripted worker of the tests, which writes the same files without torch, and recorded in MLflow; it
keeps no snapshot, so that the demo's own trials, which start from one, wait.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.aims import ALLOWED_SECONDS
from benchmarks.ratios import Ratio
from tests.compat.placeholders import write_placeholder
from trainer.errors import ExitCode

ROOT = Path(__file__).resolve().parents[1]
DEMO, IMAGES = ROOT / "sweeps" / "demo.yaml", 10_000
SCRIPTED = ROOT / "tests" / "orchestrator" / "scripted_worker.py"
TAKEN, ALLOWED = "CPU time", "aim"
NOT_INHERITED = ("MLFLOW_TRACKING_URI", "PYTHONDONTWRITEBYTECODE")
"""Variables that would change what is measured: where `record` looks, and whether each call compiles all modules."""

COMMANDS: Mapping[str, Sequence[str]] = {
    "plan of the demo": ("plan", str(DEMO)),
    "status of the demo": ("status", "demo"),
    "record of nothing new": ("record",),
}
FIRST_ITERATION = """
import os, sys
from trainer.__main__ import main
from trainer.training.loop import Loop

def stop(loop):
    os._exit(0 if loop.images else 1)

Loop._record_events = stop
main(sys.argv[1:])
"""
"""A worker that ends without farewell after its first iteration."""


def command_times(rounds: int) -> Iterator[Ratio]:
    """Compare the CPU time of each command, and of a worker's first iteration, with what it may take."""
    with _trained_demo() as store:
        commands = {name: ("-m", "orchestrator", *words) for name, words in COMMANDS.items()}
        yield from _least(commands, store, rounds)
        trial = next(store.glob("trials/*/*/trial.json")).parent
        worker = ("-c", FIRST_ITERATION, "run", "--dir", str(trial), "--attempt", "1")
        yield from _least({"first iteration of a worker": worker}, store, rounds)


@contextmanager
def _trained_demo() -> Iterator[Path]:
    """Yield a store with the demo's sweep, its source trained and recorded, over a placeholder of its images."""
    with tempfile.TemporaryDirectory(prefix="adasweep-commands-") as folder:
        store = Path(folder) / "store"
        write_placeholder(store / "data" / "fashion-mnist-10k-16.zip", IMAGES, 16, "L", classes=10)
        worker = {"ADASWEEP_WORKER": f"{sys.executable} {SCRIPTED}", "ADASWEEP_STEP_SECONDS": "0.001"}
        cpu_ms(("-m", "orchestrator", "run", str(DEMO)), store, ExitCode.SOME_FAILED, **worker)
        yield store


def _least(commands: Mapping[str, Sequence[str]], store: Path, rounds: int) -> Iterator[Ratio]:
    """Yield the least of the rounds for each command, after one warm-up round."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, words in commands.items():
            taken[name].append(cpu_ms(words, store))
    for name, found in taken.items():
        yield Ratio(name, TAKEN, ALLOWED, min(found[1:]), 1000 * ALLOWED_SECONDS[name])


def cpu_ms(words: Sequence[str], store: Path, expected: int = 0, **more: str) -> float:
    """Return the CPU milliseconds of a Python process. Raises RuntimeError unless it ends with the code `expected`."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environment = {**kept, "PYTHONPATH": str(ROOT), "ADASWEEP_STORE": str(store), **more}
    before = os.times()
    done = subprocess.run([sys.executable, "-P", *words], env=environment, capture_output=True, text=True, check=False)
    after = os.times()
    if done.returncode != expected:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")
    return 1000 * (after.children_user + after.children_system - before.children_user - before.children_system)
