"""The files that the dashboard gives out: its own assets, sheets of samples, drawn figures. No other path is built."""

import re
from importlib.resources import files
from pathlib import Path

from analysis.dashboard.figure_list import figure_cards
from analysis.dashboard.live_store import LiveStore
from analysis.errors import ResultStoreError
from trainer.config.identity import TRIAL_ID

SHEET = re.compile(r"reals\.png|fakes-[0-9]{9,15}\.png")
MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


def assets() -> dict[str, Path]:
    """Return the dashboard's own files by their path below assets/."""
    root = Path(str(files("analysis.dashboard"))) / "assets"
    return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.suffix in MEDIA}


def sheet_file(live: LiveStore, trial: str, name: str) -> Path:
    """Return a sheet of samples of a trial. Raises ResultStoreError for everything else."""
    if not TRIAL_ID.fullmatch(trial) or not SHEET.fullmatch(name):
        raise ResultStoreError("no such sheet of samples")
    return _within(live, live.store.run(trial).samples / name)


def figure_file(live: LiveStore, sweep: str, name: str) -> Path:
    """Return a file of a figure that is listed with its provenance. Raises ResultStoreError for everything else."""
    for card in figure_cards(live):
        if card.sweep == sweep and name in [f"{card.figure}.{kind}" for kind in card.kinds]:
            return _within(live, live.store.figures(sweep) / name)
    raise ResultStoreError("no such figure")


def _within(live: LiveStore, path: Path) -> Path:
    """Return the path if it is a regular file that lies in the store, wherever links lead."""
    real = path.resolve()
    if not real.is_relative_to(live.store.path.resolve()) or not real.is_file():
        raise ResultStoreError(f"{path.name}: is no file of this store")
    return real
