"""A copy of the recorded store: commands on it, their recorded output, and how outputs differ."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMIT = "b403bcd"
PREFIX = f"adasweep-{COMMIT}-"
RECORDED_AT = Path("/tmp") / f"{PREFIX}recorded"
CODE = Path(__file__).resolve().parents[2]
"""The packages of the working tree."""

ASKER = """
import json, os, sys, tempfile
from orchestrator.cli import main
answers = {}
sys.stdout.flush()
kept = os.dup(1)
for name, words in json.loads(sys.argv[1]).items():
    with tempfile.TemporaryFile() as output:
        os.dup2(output.fileno(), 1)
        code = main(words)
        sys.stdout.flush()
        output.seek(0)
        answers[name] = {"exit_code": code, "told": output.read().decode()}
os.dup2(kept, 1)
print(json.dumps(answers))
"""
"""Carries out commands of adasweep in one process, and prints what each of them printed."""


@dataclass(frozen=True)
class Copy:
    """A copy of the recording, with SLURM's commands in `bin`; the commands of `code` run on it."""

    root: Path
    code: Path = CODE

    @property
    def store(self) -> Path:
        return self.root / "store"

    def sweep(self, name: str) -> Path:
        return self.root / "sweeps" / f"{name}.yaml"

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment in which adasweep runs on this copy."""
        ours = {
            "PATH": f"{self.root / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.code),
            "ADASWEEP_STORE": str(self.store),
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "200",
            "TZ": "UTC",
        }
        return {**os.environ, **ours, **more}

    def adasweep(self, *words: object, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run one command of adasweep."""
        command = [sys.executable, "-P", "-m", "orchestrator", *map(str, words)]
        return subprocess.run(
            command, cwd=self.root, env=self.environment(**more), capture_output=True, text=True, check=False
        )

    def run_all(self, commands: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return exit code and parsed output of each command by name, with paths as recorded."""
        command, env = [sys.executable, "-P", "-c", ASKER, json.dumps(commands)], self.environment()
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=True)
        answers = json.loads(done.stdout.replace(str(self.root), str(RECORDED_AT)))
        return {name: answer | {"told": _parsed(answer["told"])} for name, answer in answers.items()}

    def answers(self) -> dict[str, Any]:
        """Return the result of `run_all` at the recorded commit."""
        text = (self.root / "answers.json").read_text(encoding="utf-8")
        return dict(json.loads(text.replace(str(self.root), str(RECORDED_AT))))


def _parsed(output: str) -> Any:
    try:
        return json.loads(output)
    except ValueError:
        return output.splitlines()


IN_WORDS = frozenset({"reason", "wrong", "source"})
"""Fields that tell a person something: there are words where there were, but they may be other ones."""


def differences(recorded: Any, now: Any, place: str = "") -> Iterator[str]:
    """Yield recorded values that are missing or different now. Additional fields and reworded texts do not count."""
    if isinstance(recorded, Mapping) and isinstance(now, Mapping):
        for key, value in recorded.items():
            if key not in now:
                yield f"{place}.{key} is gone"
            elif key not in IN_WORDS or bool(value) != bool(now[key]):
                yield from differences(value, now[key], f"{place}.{key}")
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, (before, after) in enumerate(zip(recorded, now, strict=True)):
            yield from differences(before, after, f"{place}[{index}]")
    elif recorded != now:
        yield f"{place}: {recorded!r} is now {now!r}"
