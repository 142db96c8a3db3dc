"""Sets aside what a trial had recorded beyond the checkpoint from which it resumes with other rounding.

An attempt that computes as those before repeats bit by bit what they recorded beyond its checkpoint: that counts. With
other operations, threads, ranks or processors it trains another continuation, in which those rows, snapshots, samples
and probes do not occur, even if it ends before it comes that far. Before its first row, the worker moves them to
`set-aside/NNN.beyond`, named by its attempt. A score may so be missing until it is measured again: none at all says
less than one that no network of the trial has. `trainer.recording.set_aside` says how the moves are fenced.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from trainer.config.stored import TOLERANCE_KIMG
from trainer.files import Guard, matching, parsed_json, read_regular, replace_file
from trainer.record import RunDir
from trainer.recording.set_aside import RECORDED, close_abandoned, closed, move

IMAGES = re.compile(r"-([0-9]{9,15})(?=[-.])")
"""The image counter in the name of a snapshot, a sheet, a probe's file or a checkpoint."""


def set_aside_beyond(run: RunDir, images: int, attempt: int, guard: Guard) -> Path | None:
    """Move what was recorded after `images` images to a folder, and return that; None if there is nothing.

    Raises what the guard raises once it is lost.
    """
    close_abandoned(run, guard.token + 1)
    files, streams = [*_files_beyond(run, images)], [*_streams_beyond(run, images)]
    if not files and not streams:
        return None
    folder = run.set_aside / f"{attempt:03d}.beyond.t{guard.token:04d}.open"
    for path in files:
        (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
        move(path, folder / path.parent.name, guard)
    for path in streams:
        _split(path, images, folder, guard)
    _remove_dangling_links(run, guard)
    return closed(folder)


def _files_beyond(run: RunDir, images: int) -> Iterator[Path]:
    for folder in (run.path / name for name in RECORDED):
        found = ((path, IMAGES.search(path.name)) for path in matching(folder, "[!.]*"))
        yield from (path for path, match in found if match and int(match[1]) > images)


def _streams_beyond(run: RunDir, images: int) -> Iterator[Path]:
    for path in (run.path / name for name in RECORDED if name.endswith(".jsonl")):
        if path.exists() and any(_is_beyond(line, images) for line in _lines(path)):
            yield path


def _split(stream: Path, images: int, folder: Path, guard: Guard) -> None:
    """Write the rows after `images` images to the folder, then remove them: killed in between, they are in both."""
    lines = _lines(stream)
    beyond = [line for line in lines if _is_beyond(line, images)]
    replace_file(folder / stream.name, b"".join(beyond), guard)
    replace_file(stream, b"".join(line for line in lines if not _is_beyond(line, images)), guard)


def _lines(stream: Path) -> list[bytes]:
    return read_regular(stream).splitlines(keepends=True)


def _is_beyond(line: bytes, images: int) -> bool:
    """Return whether a line is a row after `images` images; those that readers skip stay where they are."""
    with suppress(ValueError):
        row = parsed_json(line)
        kimg = row.get("kimg") if isinstance(row, dict) else None
        return isinstance(kimg, int | float) and kimg > images / 1000 + TOLERANCE_KIMG
    return False


def _remove_dangling_links(run: RunDir, guard: Guard) -> None:
    """Remove the names of snapshots that were moved: the next evaluation gives them anew."""
    for path in matching(run.snapshots, "[!.]*"):
        if path.is_symlink() and not os.path.exists(path):
            guard.check()
            path.unlink(missing_ok=True)
