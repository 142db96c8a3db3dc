"""Disk usage of a store."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from orchestrator.evidence.contents import kind_of
from orchestrator.store.layout import Store

OTHER = "other files of trials"


class SweepUsage(NamedTuple):
    """A sweep: the number of its trials in the store, and their size in bytes. Shared trials count for each sweep."""

    sweep: str
    trials: int
    size: int


def by_kind(store: Store) -> dict[str, int]:
    """Return the bytes of each kind of file, largest first."""
    sizes: Counter[str] = Counter()
    for path in _files(store.root):
        relative = path.relative_to(store.root)
        kind = kind_of(relative.as_posix())
        rest = OTHER if relative.parts[0] == "trials" else relative.parts[0]
        sizes[kind.name if kind else rest] += _size(path)
    return dict(sizes.most_common())


def of_sweep(store: Store, sweep: str, trials: list[str]) -> SweepUsage:
    """Return the disk usage of a sweep's trials."""
    folders = [folder for trial in trials if (folder := store.run(trial).path).is_dir()]
    return SweepUsage(sweep, len(folders), sum(_size(path) for folder in folders for path in _files(folder)))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
