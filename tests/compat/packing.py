"""The archive of the recorded store: how it is packed, and how it is unpacked at another path.

Files in a store refer to each other by absolute paths, even in pickles and databases. A copy is therefore unpacked at a
path as long as the recorded one, which is replaced byte for byte.
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
    """Drop the owner of a file."""
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
    """Kill what still runs in a copy: runners, supervisors and workers outlive their command."""
    while found := list(processes(root)):
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found)


def processes(root: Path) -> Iterator[psutil.Process]:
    """Yield the processes with a path of the copy in their command line."""
    for process in psutil.process_iter(["cmdline"]):
        if str(root) in " ".join(process.info["cmdline"] or ()):
            yield process


def unpack(root: Path) -> None:
    """Unpack the recording into `root`, a path as long as the recorded one, as if it had been recorded there."""
    if len(str(root)) != len(str(RECORDED_AT)):
        raise ValueError(f"{root} is not as long as {RECORDED_AT}")
    with tarfile.open(ARCHIVE) as archive:
        archive.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)  # from Python 3.11.4 on
        archive.extractall(root)
    for path in [path for path in root.rglob("*") if path.is_symlink() or path.is_file()]:
        _relocate(path, root)
    for folder in ("local", "probes"):
        (root / "store" / folder / RECORDED_HOST).rename(root / "store" / folder / socket.gethostname())
    write_slurm(root / "bin")


def _relocate(path: Path, root: Path) -> None:
    """Replace the recorded path by `root`, keeping the file's times."""
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
