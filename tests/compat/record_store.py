"""Re-records the store: python -m tests.compat.record_store (Linux, as root; some minutes)

Checks out the commit that `recording.COMMIT` names, runs the sweeps of this folder with it, packs the store, and keeps
what the commands of that commit print for a copy. Of the working tree, only this folder is used. The recording stays
that of this commit; re-record it only to add cases.
"""

import json
import os
import shutil
import subprocess
import sys
import time

import psutil

from tests.compat.fake_clusters import ray_head
from tests.compat.packing import RECORDED_HOST, copied, pack
from tests.compat.recorded_commands import recorded_commands
from tests.compat.recorder import (
    CHECKOUT,
    PYTHON,
    SCRIPTED,
    STORE,
    adasweep,
    detached,
    environment,
    git,
    holds,
    interrupt,
    prepare,
    run,
    trials,
    unserved,
)
from tests.compat.recording import CODE, RECORDED_AT

EXPIRED_SECONDS = 70
"""After which a lease of a process that was killed is nobody's."""

LEFT_OUT = ("cache", "mlartifacts", "**/__pycache__")
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
    run("endings", expect=3, extra=SCRIPTED)
    run("retried", expect=3, extra=SCRIPTED)
    adasweep("retry", "retried")
    run("evaluated", expect=3, extra=SCRIPTED)
    detached("cancelled")
    adasweep("cancel", "cancelled")
    killed = detached("killed")
    psutil.Process(json.loads((killed / "lease.json").read_text())["owner"]["pid"]).kill()
    interrupt("interrupted", lambda: all(map(holds, trials("interrupted"))))
    interrupt("stopped", lambda: sum((trial / "stops").exists() for trial in trials("stopped")) == 2, step_seconds=0.3)
    searched()


def searched() -> None:
    """Three configurations of five: the others are yet to be sampled."""
    file = RECORDED_AT / "sweeps" / "found.yaml"
    whole = file.read_text()
    file.write_text(whole.replace("trials: 5", "trials: 3"))
    run("found", "--cpus", "2", extra=SCRIPTED)
    file.write_text(whole)


def queued() -> None:
    """Queued attempts: on this machine (one of them an evaluation), in SLURM, and in Ray."""
    with unserved():
        adasweep("run", "sweeps/queued.yaml", "--detach", "--cpus", "2")
        adasweep("metrics", "sweeps/measured.yaml", "--metrics", "kid64", "--detach", "--no-record")
    run("slurm", "--detach", "--backend", "slurm")
    with ray_head() as (address, _):
        run("ray", "--detach", "--backend", "ray", extra={"RAY_API_SERVER_ADDRESS": address})


def analysed() -> None:
    """Tables, figures with their provenance, and MLflow; first, times of files become whole seconds, as in a tar."""
    for path in STORE.rglob("*"):
        os.utime(path, (int(path.lstat().st_mtime),) * 2, follow_symlinks=False)
    adasweep("collect")
    adasweep("figures", "real", "--only", "fid_curves")
    adasweep("record")


def trimmed() -> None:
    """Remove what no command needs: caches, artifacts of MLflow, all checkpoints of real runs but the last of one."""
    for pattern in LEFT_OUT:
        for path in list(STORE.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    _, *others = trials("real")
    for trial in (*others, *trials("measured")):
        for path in (trial / "checkpoints").glob("*.safetensors"):
            path.unlink()
    for path in (trials("real")[0] / "checkpoints").glob("*.safetensors"):
        if not path.name.startswith(KEPT_CHECKPOINT):
            path.unlink()


def record_inside() -> None:
    """Record the store, on a host with the recorded name."""
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
    """Record the store in a namespace where the host has the recorded name; then run all commands on a copy."""
    if sys.argv[1:] == ["inside"]:
        record_inside()
        return
    inside = f"hostname {RECORDED_HOST} && exec {sys.executable} -m tests.compat.record_store inside"
    subprocess.run(["unshare", "--uts", "sh", "-c", inside], cwd=CODE, check=True)
    time.sleep(EXPIRED_SECONDS)
    with copied(CHECKOUT) as copy:
        answers = copy.run_all({" ".join(words): words for words in recorded_commands(copy)})
    (RECORDED_AT / "answers.json").write_text(json.dumps(answers))
    pack()
    git("worktree", "remove", "--force", str(CHECKOUT))
    shutil.rmtree(RECORDED_AT)


if __name__ == "__main__":
    main()
