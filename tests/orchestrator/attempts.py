"""Trials and attempts on disk, for tests."""

import json
from pathlib import Path

import psutil

from orchestrator.store.layout import Store
from orchestrator.supervisor.command import Task
from tests.support.tiny_sweep import IMAGES
from trainer.config.dataset.config import DataDescription
from trainer.config.identity import trial_id
from trainer.config.job import Job, Resources
from trainer.config.options import RunOptions
from trainer.config.resolve import resolve
from trainer.files import replace_file
from trainer.record import RunDir

DESCRIPTION = DataDescription(
    name="tiny", fingerprint="0123456789abcdef", images=IMAGES, resolution=32, channels=1, classes=10
)


def new_trial(store: Store, seed: int = 0) -> RunDir:
    """Write trial.json of a tiny configuration and return the trial's directory."""
    config = resolve({"preset": "tiny32", "seed": seed}, DESCRIPTION)
    run = store.run(trial_id(config))
    replace_file(run.trial, json.dumps({"schema_version": 1, "id": trial_id(config), "config": config.model_dump()}))
    return run


def new_attempt(run: RunDir, horizon_kimg: float = 1.0) -> Task:
    """Write job.json of the next attempt and return the task for a backend."""
    number = max(run.attempts(), default=0) + 1
    options = RunOptions(horizon_kimg=horizon_kimg, data_path=Path("d"), cache_dir=Path("c"), metrics=("fid2k",))
    replace_file(run.job(number), Job(attempt=number, token=number, options=options).model_dump_json())
    return Task(run.path.name, run.path, number, Resources())


def let_go(run: RunDir) -> None:
    """Let a worker with a seed from 100 continue beyond 0.5 kimg."""
    (run.path / "go").touch()


def kimgs(path: Path) -> list[float]:
    """Return the kimg of every row of a .jsonl file."""
    return [json.loads(line)["kimg"] for line in path.read_text().splitlines()]


def workers_of(run: RunDir) -> list[psutil.Process]:
    """Return the living worker processes of a trial."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if str(run.path) in words and "--attempt" in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
