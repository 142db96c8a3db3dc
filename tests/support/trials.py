"""A tiny data set and tiny trials, for tests with real training."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainer.config.dataset.describe import describe
from trainer.config.identity import trial_id
from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.config.presets.official import merge
from trainer.config.resolve import resolve
from trainer.files import replace_file
from trainer.record import RunDir

TINY: dict[str, Any] = {
    "preset": "tiny32",
    "batch": 8,
    "micro_batch": 4,
    "data": {"subset": 40, "validation": 10},
    "generator": {"channel_base": 128, "channel_max": 16, "z_dim": 8, "w_dim": 8},
    "discriminator": {"channel_base": 128, "channel_max": 16},
}


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 grey 16x16 images with labels, as a ZIP of the field's layout."""
    path = tmp_path_factory.mktemp("data") / "tiny.zip"
    random = np.random.default_rng(0)
    labels = []
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(64):
            buffer = io.BytesIO()
            Image.fromarray(random.integers(0, 256, (16, 16), dtype=np.uint8)).save(buffer, "PNG")
            name = f"00000/img{index:08d}.png"
            archive.writestr(name, buffer.getvalue())
            labels.append([name, index % 4])
        archive.writestr("dataset.json", json.dumps({"labels": labels}))
    return path


class TrialMaker:
    """Creates trial directories for one data set."""

    def __init__(self, data: Path, root: Path) -> None:
        self.data, self.root = data, root

    def make(self, name: str, **settings: Any) -> RunDir:
        config = resolve(merge(TINY, settings), describe(self.data, self.root))
        run = RunDir(self.root / name)
        trial = {"schema_version": 1, "id": trial_id(config), "config": config.model_dump(mode="json"), "created": 0}
        replace_file(run.trial, json.dumps(trial))
        return run

    def job(self, run: RunDir, attempt: int = 1, **options: Any) -> int:
        watch: dict[str, Any] = {
            "horizon_kimg": 0.2,
            "data_path": self.data,
            "cache_dir": self.root / "cache",
            "metrics": (),
            "tick_kimg": 0.04,
            "sample_every_kimg": 0.08,
            "evaluate_every_kimg": 0.08,
            "checkpoint_every_kimg": 0.04,
            "sheet_columns": 4,
            "sheet_rows": 2,
        }
        job = Job(attempt=attempt, token=attempt, options=RunOptions.model_validate({**watch, **options}))
        replace_file(run.job(attempt), job.model_dump_json())
        return attempt


@pytest.fixture
def trials(tiny_set: Path, tmp_path: Path) -> TrialMaker:
    return TrialMaker(tiny_set, tmp_path)
