"""Runs the recorded commit: its packages, its Python and its store, all below the path of the recording."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.compat.fake_clusters import write_slurm
from tests.compat.packing import RECORDED_HOST
from tests.compat.placeholders import write_shapes
from tests.compat.recording import CODE, COMMIT, RECORDED_AT

IMAGES = 96
HOLD_ROWS = 5
CHECKOUT, STORE, PYTHON = RECORDED_AT / "checkout", RECORDED_AT / "store", RECORDED_AT / "venv" / "bin" / "python"
SCRIPTED = {
    "ADASWEEP_WORKER": f"{PYTHON} {CHECKOUT / 'tests' / 'orchestrator' / 'scripted_worker.py'}",
    "ADASWEEP_STEP_SECONDS": "0.01",
}
"""What puts the scripted worker of the tests in the place of the real one."""

SWEEPS = Path(__file__).with_name("sweeps")


def prepare() -> None:
    """Lay out code, Python, data, sweeps and fake commands below the path of the recording."""
    shutil.rmtree(RECORDED_AT, ignore_errors=True)
    git("worktree", "add", "--quiet", "--force", "--detach", str(CHECKOUT), COMMIT)
    venv.create(RECORDED_AT / "venv", symlinks=True)
    (packages,) = (RECORDED_AT / "venv" / "lib").glob("python*/site-packages")
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "borrowed.pth").write_text("\n".join(borrowed))
    write_shapes(STORE / "data" / "shapes.zip", IMAGES)
    shutil.copytree(SWEEPS, RECORDED_AT / "sweeps")
    shutil.copytree(CHECKOUT / "sweeps", RECORDED_AT / "sweeps-of-papers")
    write_slurm(RECORDED_AT / "bin")


def git(*words: str) -> None:
    subprocess.run(["git", "-C", str(CODE), *words], check=True)


def environment(extra: Mapping[str, str] = {}) -> dict[str, str]:
    """Return an environment with nothing of the machine but its time zone and its temporary folder."""
    path = f"{RECORDED_AT / 'bin'}{os.pathsep}/usr/local/bin:/usr/bin:/bin"
    ours = {"PYTHONPATH": str(CHECKOUT), "ADASWEEP_STORE": str(STORE), "OMP_NUM_THREADS": "1", "TZ": "UTC"}
    return {"PATH": path, "HOME": str(RECORDED_AT), "USER": "recorder", "LOGNAME": "recorder", **ours, **extra}


def adasweep(*words: str, expect: int = 0, extra: Mapping[str, str] = {}) -> None:
    """Run a command of the recorded commit. Raises RuntimeError unless it exits with `expect`."""
    command = [str(PYTHON), "-P", "-m", "orchestrator", *words]
    done = subprocess.run(command, cwd=RECORDED_AT, env=environment(extra), capture_output=True, text=True, check=False)
    sys.stderr.write(f"{' '.join(words)}: {done.returncode}\n")
    if done.returncode != expect:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")


def run(name: str, *words: str, expect: int = 0, extra: Mapping[str, str] = {}) -> None:
    """Run a sweep with a new runner: an old one would have the environment, and so the worker, of another sweep."""
    with unserved():
        pass
    adasweep("run", f"sweeps/{name}.yaml", "--no-record", *words, expect=expect, extra=extra)


def trials(sweep: str) -> list[Path]:
    """Return the directories of the trials in a sweep's stored plan."""
    cells = json.loads((STORE / "sweeps" / sweep / "plan.json").read_text())["cells"]
    return [STORE / "trials" / cell["trial"][:2] / cell["trial"] for cell in cells]


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.1)


def holds(trial: Path) -> bool:
    """Return whether the scripted worker of a trial has reached its waiting point."""
    ticks = trial / "ticks.jsonl"
    return ticks.exists() and len(ticks.read_text().splitlines()) >= HOLD_ROWS


def detached(name: str) -> Path:
    """Start a sweep of one trial whose worker waits halfway, and return the trial's directory."""
    run(name, "--detach", "--cpus", "2", extra=SCRIPTED)
    (trial,) = trials(name)
    until(lambda: holds(trial))
    return trial


@contextmanager
def unserved() -> Iterator[None]:
    """Wait until the runner of the local queue has ended, and hold its lock, so that queued attempts stay queued."""
    path = STORE / "local" / RECORDED_HOST / "runner.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def interrupt(name: str, condition: Callable[[], object], step_seconds: float = 0.01) -> None:
    """Run a sweep until something has happened, then press Ctrl-C."""
    with unserved():
        pass
    command = [str(PYTHON), "-P", "-m", "orchestrator", "run", f"sweeps/{name}.yaml", "--no-record", "--cpus", "3"]
    env = environment({**SCRIPTED, "ADASWEEP_STEP_SECONDS": str(step_seconds)})
    launcher = subprocess.Popen(command, cwd=RECORDED_AT, env=env)
    until((STORE / "sweeps" / name / "plan.json").exists)
    until(condition)
    launcher.send_signal(signal.SIGINT)
    if launcher.wait() != 75:
        raise RuntimeError(f"{name} ended with {launcher.returncode}")
