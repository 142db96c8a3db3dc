"""A small data set, a store with it, sweep files for it, and a scripted worker."""

import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from orchestrator.store.layout import Store
from orchestrator.sweep.reader import Sweep, read_sweep
from orchestrator.sweep.trial import LocatedData
from trainer.config.dataset.config import DataDescription

WORKER = Path(__file__).parents[1] / "orchestrator" / "scripted_worker.py"
IMAGES = 60
DATA = LocatedData(
    DataDescription(name="tiny", fingerprint="0123456789abcdef", images=IMAGES, resolution=32, channels=1, classes=10),
    Path("/data/tiny.zip"),
)

SWEEP = """\
sweep: test
base:
  preset: tiny32
  data: tiny
  batch: 20
  micro_batch: 20
grid:
  data.subset: [20, 40]
  augment: [none, ada]
seeds: [0]
horizon_kimg: 1
metrics: [fid2k]
"""


def find(_source: str) -> LocatedData:
    """Find the data set of these tests under any name, without disk access."""
    return DATA


def write_data_set(path: Path) -> None:
    """Write a ZIP of grey images in the layout of the field."""
    buffer = io.BytesIO()
    Image.new("L", (32, 32)).save(buffer, "PNG")
    names = [f"00000/img{index:08d}.png" for index in range(IMAGES)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, buffer.getvalue())
        archive.writestr("dataset.json", json.dumps({"labels": [[name, i % 10] for i, name in enumerate(names)]}))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with only the data set `tiny`."""
    write_data_set(tmp_path / "store" / "data" / "tiny.zip")
    return Store(tmp_path / "store")


@pytest.fixture
def sweep_file(tmp_path: Path) -> Callable[[str], Path]:
    """A function that writes a sweep file."""

    def write(text: str = SWEEP) -> Path:
        path = tmp_path / "sweep.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def read(sweep_file: Callable[[str], Path]) -> Callable[..., Sweep]:
    """A function from the text of a sweep file to the sweep."""
    return lambda text=SWEEP, tier="": read_sweep(sweep_file(text), tier)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the real worker by the scripted one."""
    monkeypatch.setenv("ADASWEEP_WORKER", f"{sys.executable} {WORKER}")
    monkeypatch.setenv("ADASWEEP_STEP_SECONDS", "0.01")
