"""Sets aside what a trial had recorded when it starts over, so that no curve consists of two trainings.

A trial starts over if none of its checkpoints can be loaded. Its rows, snapshots, samples and probes are then those of
another training, perhaps on another processor or with other operations: before its first row, the worker moves them to
`set-aside/NNN`, named by its attempt. There they are kept, and no longer count; the events and attempts remain. So are
checkpoints that could not be loaded: one that can be read again later would be newer than those of the new training.

It moves them into `set-aside/NNN.tTOKEN.open`, which it then renames. A new holder of the lease renames it first
(`close_abandoned`), so that a superseded worker, wherever it stalled, finds no folder to move anything to. What a
killed worker has not moved, the next one sets aside itself.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from trainer.files import Guard, sync
from trainer.record import ABANDONED, RunDir

RECORDED = ("ticks.jsonl", "metrics.jsonl", "logits.jsonl", "probes", "samples", "snapshots", "checkpoints")
"""What one training records in a trial's folder."""


def set_aside(run: RunDir, attempt: int, guard: Guard) -> Path | None:
    """Move what earlier attempts have recorded to a folder, and return that; None if they have recorded nothing.

    Raises what the guard raises once it is lost.
    """
    close_abandoned(run, guard.token + 1)
    recorded = [path for name in RECORDED if _has_content(path := run.path / name)]
    if not recorded:
        return None
    folder = run.set_aside / f"{attempt:03d}.t{guard.token:04d}.open"
    folder.mkdir(parents=True, exist_ok=True)
    for path in recorded:
        move(path, folder, guard)
    return closed(folder)


def close_abandoned(run: RunDir, below: int) -> None:
    """Rename the folders to which holders with a lower token than `below` have been moving files; remove empty ones."""
    for training in run.abandoned():
        match = ABANDONED.fullmatch(training.path.name)
        if match and match["open"] and int(match["token"]) < below:
            with suppress(FileNotFoundError):  # another holder has renamed it
                _close(training.path)


def _close(folder: Path) -> None:
    """Give a folder its final name, or remove it if nothing was moved to it, for want of space or time."""
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        closed(folder)


def _has_content(path: Path) -> bool:
    """Return whether there is a file, or a folder with something in it."""
    return any(path.iterdir()) if path.is_dir() else path.exists()


def move(path: Path, folder: Path, guard: Guard) -> None:
    """Move a file or folder into `folder`. Raises what the guard raises if that was lost, and OSError."""
    guard.check()
    try:
        path.rename(folder / path.name)
    except FileNotFoundError:
        guard.check()
        raise


def closed(folder: Path) -> Path:
    """Give a folder its final name, durably, and return that."""
    sync(folder)
    sync(folder.parent.parent)
    final = next(path for path in _names(folder) if not os.path.lexists(path))
    folder.rename(final)
    sync(folder.parent)
    return final


def _names(folder: Path) -> Iterator[Path]:
    """Yield the names that a folder may be given: that of its attempt, then with 2, 3 ... after it."""
    name = folder.name.partition(".t")[0]
    yield folder.with_name(name)
    yield from (folder.with_name(f"{name}-{number}") for number in count(2))
