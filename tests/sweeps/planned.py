"""Every sweep of the repository, planned without its data sets and snapshots."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from orchestrator.sweep.bundled import bundled
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep, read_sweep
from orchestrator.sweep.trial import LocatedData, Trial
from trainer.config.dataset.config import DataDescription
from trainer.errors import DataError

SWEEPS = Path(__file__).parents[2] / "sweeps"
NAMES = list(bundled())
"""Every sweep by its path; those with a folder are of a paper, but for the project's own."""

SOURCES = ["laptop/source"]
"""One run each, from which others start."""

ON_LAPTOPS = [name for name in NAMES if name.startswith("laptop/") and name not in SOURCES]
OF_PRESETS = [name for name in NAMES if name.startswith("presets/")]
OF_PAPERS = [name for name in NAMES if "/" in name and name not in (*SOURCES, *ON_LAPTOPS, *OF_PRESETS)]
SNAPSHOTS = {
    "laptop": ("clothes16",),
}

IMAGES = {
    "fashion-mnist-10k": 10_000,
    "fashion-mnist-10k-16": 10_000,
    "fashion-mnist-10k-16-rgb": 10_000,
    "satellite16": 2_353,
    "satellite32": 2_353,
    "cifar10": 50_000,
    "cifar100": 50_000,
    "ffhq": 70_000,
    "lsun-cat": 200_000,
    "lsun-car": 893_000,
    "lsun-church": 126_227,
    "lsun-horse": 2_000_340,
    "lsun-bedroom": 3_033_042,
    "lsun-dog": 5_054_817,
    "celeba": 202_599,
    "imagenet": 1_281_167,
    "celebahq": 30_000,
    "metfaces": 1_336,
    "brecahad": 1_944,
    "afhq-cat": 5_153,
    "afhq-dog": 4_739,
    "afhq-wild": 4_738,
    "obama": 100,
    "grumpy-cat": 100,
    "panda": 100,
    "animalface-cat": 160,
    "animalface-dog": 389,
}
SIDES = {"satellite16": 16, "fashion-mnist-10k-16": 16, "fashion-mnist-10k-16-rgb": 16}
CLASSES = {"fashion-mnist-10k": 10, "cifar10": 10, "cifar100": 100, "imagenet": 1000}


def find(source: str) -> LocatedData:
    """Describe a data set of the papers as if it were prepared: NAME-SIDE, or a set of 32x32 images."""
    name, _, side = source.rpartition("-") if source.rpartition("-")[2].isdigit() else (source, "", "")
    if name not in IMAGES:
        raise DataError(source, "is no data set of the papers")
    description = DataDescription(
        name=source,
        fingerprint=f"{sum(source.encode()):016x}",
        images=IMAGES[name],
        resolution=int(side or SIDES.get(source, 32)),
        channels=1 if name == "fashion-mnist-10k" else 3,
        classes=CLASSES.get(name, 0),
    )
    return LocatedData(description, Path(f"/data/{source}.zip"))


@cache
def _copy() -> tuple[Path, "tempfile.TemporaryDirectory[str]"]:
    """Return a copy of all sweeps, with placeholders for the snapshots that some start from."""
    holder = tempfile.TemporaryDirectory(prefix="sweeps-")
    copied = Path(shutil.copytree(SWEEPS, Path(holder.name) / "sweeps"))
    for folder, names in SNAPSHOTS.items():
        (copied / folder / "snapshots").mkdir()
        for name in names:
            (copied / folder / "snapshots" / f"{name}.safetensors").write_text(name)
    return copied, holder


def copied_sweeps() -> Path:
    """Return the copy of all sweeps."""
    return _copy()[0]


@cache
def read(name: str, tier: str = "") -> Sweep:
    """Return a sweep at a tier."""
    return read_sweep(_copy()[0] / f"{name}.yaml", tier)


@cache
def planned(name: str, tier: str) -> list[Trial]:
    """Return the trials of a sweep at a tier."""
    return expand(read(name, tier), find)


def new(name: str, *before: str) -> int:
    """Return how many trials `name` adds at the paper tier after the sweeps `before` have run."""
    there = {trial.id for earlier in before for trial in planned(earlier, "paper")}
    return len({trial.id for trial in planned(name, "paper")} - there)
