"""The archive of the recorded store: how it is packed, and how a copy of it comes to stand somewhere.

Files in a store name each other by absolute paths, in pickles and databases, too. So a copy always stands at a path as
long as the one it was recorded at, and its own path is put in the place of that one, byte for byte.
"""

import os
import shutil
import socket
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.compat.fake_clusters import write_slurm
from tests.compat.recording import CODE, COMMIT, PREFIX, RECORDED_AT, Copy

ARCHIVE = Path(__file__).with_name(f"store-{COMMIT}.tar.xz")
RECORDED_HOST = "recorder"


def pack() -> None:
    """Pack what was recorded, with the answers if there are any yet."""
    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        for name in ("store", "sweeps", "sweeps-of-papers", "trial_ids.json", "answers.json"):
            if (RECORDED_AT / name).exists():
                archive.add(RECORDED_AT / name, name, filter=anonymous)


def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who owned a file."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@contextmanager
def copied(code: Path = CODE) -> Iterator[Copy]:
    """Yield a new copy of what was recorded."""
    root = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    try:
        unpack(root)
        yield Copy(root, code)
    finally:
        end_processes(root)
        shutil.rmtree(root)


def end_processes(root: Path) -> None:
    """Kill what still works in a copy: runners, supervisors and workers go on when their command has ended."""
    while found := list(processes(root)):
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found)


def processes(root: Path) -> Iterator[psutil.Process]:
    """Yield the processes whose command names a copy."""
    for process in psutil.process_iter(["cmdline"]):
        if str(root) in " ".join(process.info["cmdline"] or ()):
            yield process


def unpack(root: Path) -> None:
    """Unpack the recording into `root`, a path as long as the recorded one, as if it had been recorded there, here."""
    if len(str(root)) != len(str(RECORDED_AT)):
        raise ValueError(f"{root} is not as long as {RECORDED_AT}")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(root, filter="fully_trusted")
    for path in [path for path in root.rglob("*") if path.is_symlink() or path.is_file()]:
        _relocate(path, root)
    for folder in ("local", "probes"):
        (root / "store" / folder / RECORDED_HOST).rename(root / "store" / folder / socket.gethostname())
    write_slurm(root / "bin")


def _relocate(path: Path, root: Path) -> None:
    """Put `root` in the place of the recorded path, leaving the times of the file alone."""
    old, new = os.fsencode(RECORDED_AT), os.fsencode(root)
    if path.is_symlink():
        target = os.fsencode(path.readlink())
        if old in target:
            path.unlink()
            path.symlink_to(os.fsdecode(target.replace(old, new)))
    elif old in (content := path.read_bytes()):
        status = path.stat()
        path.chmod(0o644)
        path.write_bytes(content.replace(old, new))
        path.chmod(status.st_mode)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
