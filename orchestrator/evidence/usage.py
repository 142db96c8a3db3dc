"""Disk usage of a store."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from orchestrator.evidence.contents import kind_of
from orchestrator.store.layout import Store

OTHER = "other files of trials"
SET_ASIDE = "files of abandoned trainings"


class SweepUsage(NamedTuple):
    """A sweep: the number of its trials in the store, and their size in bytes. Shared trials count for each sweep."""

    sweep: str
    trials: int
    size: int


def by_kind(store: Store) -> dict[str, int]:
    """Return the bytes of each kind of file, largest first."""
    sizes: Counter[str] = Counter()
    for path, size in _files(store.root):
        relative = path.relative_to(store.root)
        kind = kind_of(relative.as_posix())
        rest = _rest_of_trials(relative) if relative.parts[0] == "trials" else relative.parts[0]
        sizes[kind.name if kind else rest] += size
    return dict(sizes.most_common())


def _rest_of_trials(path: Path) -> str:
    return SET_ASIDE if path.parts[3:4] == ("set-aside",) else OTHER


def of_sweep(store: Store, sweep: str, trials: list[str]) -> SweepUsage:
    """Return the disk usage of a sweep's trials."""
    folders = [folder for trial in trials if os.path.isdir(folder := store.run(trial).path)]
    return SweepUsage(sweep, len(folders), sum(size for folder in folders for _, size in _files(folder)))


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield every file with its size in bytes; links and what vanishes meanwhile are none."""
    for path in (Path(parent, name) for parent, _, names in os.walk(folder) for name in names):
        with suppress(FileNotFoundError, ProcessLookupError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield path, status.st_size
