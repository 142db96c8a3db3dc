"""Makes the recorded store anew: python -m tests.compat.record_store (Linux; some minutes)

Checks out the commit that `recording.COMMIT` names, runs the sweeps of this folder with it, packs the store, and keeps
what the commands of that commit tell of a copy. Nothing of the working tree but this folder is used. The recording is
of that commit for good: it is made again only where it lacks something.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.compat.placeholders import write_shapes
from tests.compat.recording import ARCHIVE, CODE, COMMIT, RECORDED_AT, RECORDED_HOST, copied
from tests.compat.questions import questions
from tests.compat.stand_ins import ray_head, write_slurm

IMAGES = 96
HOLD_ROWS = 5
EXPIRED_SECONDS = 70
"""After which a lease of a process that was killed is nobody's."""

CHECKOUT, STORE, PYTHON = RECORDED_AT / "checkout", RECORDED_AT / "store", RECORDED_AT / "venv" / "bin" / "python"
SWEEPS = Path(__file__).with_name("sweeps")
LEFT_OUT = ("cache", "slurm/*/.*.tmp", "**/__pycache__")
KEPT_CHECKPOINT = "ckpt-000000064"

TRIAL_IDS = """
import json
from collections import defaultdict
from tests.sweeps.planned import NAMES, planned, read
found = {}
for name in NAMES:
    for tier in ("", *read(name).spec.tiers):
        cells = defaultdict(dict)
        for trial in planned(name, tier):
            cells[trial.cell][trial.config.seed] = trial.id
        found[f"{name} {tier}".strip()] = cells
print(json.dumps(found))
"""


def prepare() -> None:
    """Lay out code, Python, data, sweeps and stand-ins under the path of the recording."""
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


def environment(**more: str) -> dict[str, str]:
    """Return an environment that holds nothing of the machine but its time and its temporary folder."""
    path = f"{RECORDED_AT / 'bin'}{os.pathsep}/usr/local/bin:/usr/bin:/bin"
    ours = {"PYTHONPATH": str(CHECKOUT), "ADASWEEP_STORE": str(STORE), "OMP_NUM_THREADS": "1", "TZ": "UTC"}
    return {"PATH": path, "HOME": str(RECORDED_AT), "USER": "recorder", "LOGNAME": "recorder", **ours, **more}


def adasweep(*words: str, expect: int = 0, **more: str) -> None:
    """Run a command of the recorded commit. Raises RuntimeError where it does not end with `expect`."""
    command = [str(PYTHON), "-P", "-m", "orchestrator", *words]
    done = subprocess.run(command, cwd=RECORDED_AT, env=environment(**more), capture_output=True, text=True, check=False)
    sys.stderr.write(f"{' '.join(words)}: {done.returncode}\n")
    if done.returncode != expect:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")


def run(name: str, *words: str, expect: int = 0, **more: str) -> None:
    """Run a sweep, on a runner of its own: one that still lingers has the environment, and so the worker, of another."""
    with unserved():
        pass
    adasweep("run", f"sweeps/{name}.yaml", "--no-record", *words, expect=expect, **more)


def scripted(**more: str) -> dict[str, str]:
    """Return what puts the scripted worker of the tests in the place of the real one."""
    worker = f"{PYTHON} {CHECKOUT / 'tests' / 'orchestrator' / 'scripted_worker.py'}"
    return {"ADASWEEP_WORKER": worker, "ADASWEEP_STEP_SECONDS": "0.01", **more}


def trials(sweep: str) -> list[Path]:
    """Return the directories of the trials in a sweep's stored plan."""
    cells = json.loads((STORE / "sweeps" / sweep / "plan.json").read_text())["cells"]
    return [STORE / "trials" / cell["trial"][:2] / cell["trial"] for cell in cells]


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.1)


def holds(trial: Path) -> bool:
    """Return whether the scripted worker of a trial has come to where it waits."""
    ticks = trial / "ticks.jsonl"
    return ticks.exists() and len(ticks.read_text().splitlines()) >= HOLD_ROWS


def detached(name: str) -> Path:
    """Start a sweep of one trial whose worker waits half way, and return the trial's directory."""
    run(name, "--detach", "--cpus", "2", **scripted())
    (trial,) = trials(name)
    until(lambda: holds(trial))
    return trial


@contextmanager
def unserved() -> Iterator[None]:
    """Wait until the runner of the local queue has ended, and hold its lock: what is put into the queue stays there."""
    path = STORE / "local" / RECORDED_HOST / "runner.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def trained_and_measured() -> None:
    """Real runs: done at two horizons, measured and probed later by evaluation attempts."""
    adasweep("plan", "sweeps/real.yaml", "--probe")
    run("real", "--tier", "short", "--cpus", "2")
    run("real")
    words = ("--metrics", "fid64,kid64", "--probes", "trgb", "--seeds", "2", "--no-record")
    adasweep("metrics", "sweeps/real.yaml", *words)
    run("measured")


def ended_in_every_way() -> None:
    """Runs of the scripted worker: done, failed, a user's mistake, killed once, retried, cancelled, lost, stopped."""
    run("endings", expect=3, **scripted())
    run("retried", expect=3, **scripted())
    adasweep("retry", "retried")
    run("evaluated", expect=3, **scripted())
    detached("cancelled")
    adasweep("cancel", "cancelled")
    killed = detached("killed")
    psutil.Process(json.loads((killed / "lease.json").read_text())["owner"]["pid"]).kill()
    interrupt("interrupted", lambda: all(map(holds, trials("interrupted"))))
    slow = scripted(ADASWEEP_STEP_SECONDS="0.3")
    interrupt("stopped", lambda: sum((trial / "stops").exists() for trial in trials("stopped")) == 2, **slow)
    searched()


def interrupt(name: str, condition: Callable[[], object], **more: str) -> None:
    """Run a sweep until something has happened, then press Ctrl-C."""
    with unserved():
        pass
    command = [str(PYTHON), "-P", "-m", "orchestrator", "run", f"sweeps/{name}.yaml", "--no-record", "--cpus", "3"]
    launcher = subprocess.Popen(command, cwd=RECORDED_AT, env=environment(**{**scripted(), **more}))
    until((STORE / "sweeps" / name / "plan.json").exists)
    until(condition)
    launcher.send_signal(signal.SIGINT)
    if launcher.wait() != 75:
        raise RuntimeError(f"{name} ended with {launcher.returncode}")


def searched() -> None:
    """Three configurations of five: the others are yet to be sampled."""
    file = RECORDED_AT / "sweeps" / "found.yaml"
    whole = file.read_text()
    file.write_text(whole.replace("trials: 5", "trials: 3"))
    run("found", "--cpus", "2", **scripted())
    file.write_text(whole)


def queued() -> None:
    """Attempts that wait: in the queue of this machine, one of them to evaluate; with SLURM; with Ray."""
    with unserved():
        adasweep("run", "sweeps/queued.yaml", "--detach", "--cpus", "2")
        adasweep("metrics", "sweeps/measured.yaml", "--metrics", "kid64", "--detach", "--no-record")
    run("slurm", "--detach", "--backend", "slurm")
    with ray_head() as (address, _):
        run("ray", "--detach", "--backend", "ray", RAY_API_SERVER_ADDRESS=address)


def analysed() -> None:
    """Tables, figures with their provenance, and MLflow. Before, times of files become whole seconds, as tar keeps them."""
    for path in STORE.rglob("*"):
        os.utime(path, (int(path.lstat().st_mtime),) * 2, follow_symlinks=False)
    adasweep("collect")
    adasweep("figures", "real")
    adasweep("figures", "real-short", "--only", "fid_by_size")
    adasweep("record")


def trimmed() -> None:
    """Take away what no command needs: caches, and all checkpoints of real runs but the last of one."""
    for pattern in LEFT_OUT:
        for path in list(STORE.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    _, *others = trials("real")
    for trial in (*others, *trials("measured")):
        for path in (trial / "checkpoints").glob("*.safetensors"):
            path.unlink()
    for path in (trials("real")[0] / "checkpoints").glob("*.safetensors"):
        path.name.startswith(KEPT_CHECKPOINT) or path.unlink()


def pack() -> None:
    """Pack what was recorded, with the answers if there are any yet."""
    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        for name in ("store", "sweeps", "sweeps-of-papers", "trial_ids.json", "answers.json"):
            if (RECORDED_AT / name).exists():
                archive.add(RECORDED_AT / name, name, filter=anonymous)


def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who owned a file."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def record_inside() -> None:
    """Make the store, on a host of the recorded name."""
    prepare()
    trained_and_measured()
    ended_in_every_way()
    queued()
    analysed()
    trimmed()
    ids = subprocess.run(
        [str(PYTHON), "-c", TRIAL_IDS], cwd=CHECKOUT, env=environment(), capture_output=True, text=True, check=True
    )
    (RECORDED_AT / "trial_ids.json").write_text(ids.stdout)
    pack()


def main() -> None:
    """Make the store in a name space in which the host has the recorded name; then ask a copy of it all questions."""
    if sys.argv[1:] == ["inside"]:
        record_inside()
        return
    inside = f"hostname {RECORDED_HOST} && exec {sys.executable} -m tests.compat.record_store inside"
    subprocess.run(["unshare", "--uts", "sh", "-c", inside], cwd=CODE, check=True)
    time.sleep(EXPIRED_SECONDS)
    with copied(CHECKOUT) as copy:
        answers = copy.ask(questions(copy))
    (RECORDED_AT / "answers.json").write_text(json.dumps(answers))
    pack()
    git("worktree", "remove", "--force", str(CHECKOUT))
    shutil.rmtree(RECORDED_AT)


if __name__ == "__main__":
    main()
