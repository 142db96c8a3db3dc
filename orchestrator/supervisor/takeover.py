"""The first steps of a trial's new lease holder, so that no unfinished write of an earlier holder takes effect.

An earlier holder may have been suspended (a stopped process, a frozen machine, a lost network) between its last check
of the lease and a write. `trainer.recording.fence` describes how each of these writes is undone.
Every step here is fenced too: a new holder can also be suspended and superseded.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from orchestrator.store.lease import Lease
from trainer.files import matching, remove_abandoned, remove_marked, replacing
from trainer.record import RunDir
from trainer.recording.fence import Fence
from trainer.recording.set_aside import close_abandoned

CHECKPOINT = re.compile(r"(?P<images>ckpt-\d{9,})-t(?P<token>\d{4,})-(?P<digest>[0-9a-f]{16}\.safetensors)")
LINKS = ("latest.safetensors", "best.safetensors")


def take_over(run: RunDir, lease: Lease) -> None:
    """Give the files of a trial this lease's token. Raises LeaseSuperseded."""
    for folder in _folders(run):
        remove_marked(folder, lease.token)
        remove_abandoned(folder)
    close_abandoned(run, lease.token)
    if not Fence(run.lease, lease.token).is_disputed:
        return
    for stream in matching(run.path, "[!.]*.jsonl"):
        with replacing(stream, lease) as copy:
            shutil.copyfile(stream, copy)
    while _adopt_checkpoints(run, lease) or _adopt_snapshots(run, lease):
        pass
    _repoint_links(run, lease)


def _folders(run: RunDir) -> Iterator[Path]:
    yield from (run.path, run.path / "attempts", run.snapshots, run.checkpoints, run.samples)
    yield from (run.path / name for name in ("leases", "probes", "stops", "cancels"))
    yield from map(run.attempt, run.attempts())


def _adopt_checkpoints(run: RunDir, lease: Lease) -> bool:
    """Give checkpoints of earlier tokens this token; return whether one vanished meanwhile, so that a retry is needed.

    The old name is removed: two files of one image counter would count as two of the checkpoints to keep.
    """
    found = (CHECKPOINT.fullmatch(path.name) for path in matching(run.checkpoints, "ckpt-*"))
    vanished = False
    for match in [match for match in found if match and int(match["token"]) < lease.token]:
        ours = run.checkpoints / f"{match['images']}-t{lease.token:04d}-{match['digest']}"
        vanished |= not _link(run.checkpoints / match[0], ours, lease)
        (run.checkpoints / match[0]).unlink(missing_ok=True)
    return vanished


def _adopt_snapshots(run: RunDir, lease: Lease) -> bool:
    """Give snapshots a name with this token; return whether one vanished meanwhile.

    Names without a token remain: users and other trials may refer to them.
    """
    vanished = False
    for images in run.kept_snapshots():
        theirs, ours = run.snapshot(images), run.snapshot_of(images, lease.token)
        vanished |= theirs != ours and not _link(theirs, ours, lease)
    return vanished


def _link(theirs: Path, ours: Path, lease: Lease) -> bool:
    """Give a file another name; return False if it no longer exists."""
    lease.check()
    with contextlib.suppress(FileNotFoundError), replacing(ours, lease) as temporary:
        os.link(theirs, temporary)
        return True
    return ours.exists()


def _repoint_links(run: RunDir, lease: Lease) -> None:
    for link in (run.snapshots / name for name in LINKS):
        images = next((images for images in run.kept_snapshots() if _points_to(link, images, run)), None)
        if images is not None:
            with replacing(link, lease) as temporary:
                temporary.symlink_to(run.snapshot(images).name)


def _points_to(link: Path, images: int, run: RunDir) -> bool:
    return link.is_symlink() and os.readlink(link) in {
        run.snapshot_of(*found).name for found in run.snapshot_files() if found.images == images
    }
