"""Frozen code: copies of the packages in the store for jobs to run, so that editing the working copy affects no sweep.

    STORE/code/<16 digits of the hash of all files>/{orchestrator,trainer}/...   commit.json   changes.diff

Copies are content-addressed and created atomically by a rename. A damaged copy is repaired from the working copy, which
has the same content by definition.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import orchestrator
from orchestrator.store.commit import changes_since, commit_of
from orchestrator.store.layout import Store, writing
from orchestrator.store.private import private_place, require_private
from trainer.files import create_folder, replacing

LIVE = Path(orchestrator.__file__).resolve().parent.parent
"""The folder of the packages of this process."""

PACKAGES = ("orchestrator", "trainer")
LEFT_OUT = frozenset({"__pycache__", "embedded"})
"""Folders that no job needs: bytecode, and the images of included data sets."""

DIGITS = 16
CODE = "code"

EARLIER_NAMES: Mapping[str, str] = {
    "orchestrator.backends.local.runner": "orchestrator.backends.local_runner",
    "orchestrator.backends.ray.driver": "orchestrator.backends.ray_runner",
}
"""Modules that serve queues, and their names in version 0.1: queued jobs may still refer to its frozen copies."""

Files = Mapping[str, bytes]


def freeze(store: Store, root: Path = LIVE) -> Path:
    """Return the folder of a frozen copy of the packages in `root`; create it if it is missing. Raises StoreError."""
    files = _contents(root)
    place = _place(store, files)
    with writing(place):
        require_private(place.parent, store)
        if place.is_dir():
            _repair(place, files)
        else:
            create_folder(place, lambda draft: _write(draft, files, root))
    return place


def frozen_place(store: Store, root: Path = LIVE) -> Path:
    """Return the folder that `freeze` would return, without writing."""
    return _place(store, _contents(root))


def code_name(store: Store, code: Path) -> str:
    """Return the name of `code` in a job: the digits of a frozen copy, or "live" for a working copy."""
    places = (store.code.resolve(), private_place(store, CODE))
    return code.name if code.resolve().parent in places else "live"


def module_in(code: Path, module: str) -> str:
    """Return the name of a queue-serving module in `code`: version 0.1 had other names."""
    exists = code.joinpath(*module.split(".")).with_suffix(".py").exists()
    return module if exists else EARLIER_NAMES[module]


def _place(store: Store, files: Files) -> Path:
    parts = "".join(f"{name}\0{hashlib.sha256(content).hexdigest()}\n" for name, content in files.items())
    return private_place(store, CODE) / hashlib.sha256(parts.encode()).hexdigest()[:DIGITS]


def _contents(root: Path) -> Files:
    """Return the content of every file of the packages, by path, in order."""
    paths = [path for package in PACKAGES for path in _files(root / package)]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def _files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name not in LEFT_OUT:
            yield from _files(entry)
        elif entry.is_file() and entry.suffix != ".pyc":
            yield entry


def _write(draft: Path, files: Files, root: Path) -> None:
    for name, content in files.items():
        _put(draft / name, content)
    commit = commit_of(root)
    _put(draft / "changes.diff", changes_since(commit, root, PACKAGES))
    _put(draft / "commit.json", json.dumps({"commit": commit, "root": str(root), "frozen": time.time()}).encode())


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o444)


def _repair(place: Path, files: Files) -> None:
    """Restore changed files of a copy, and remove files that do not belong to it."""
    for name, content in files.items():
        path = place / name
        if not path.is_file() or path.read_bytes() != content:
            with replacing(path) as draft:
                _put(draft, content)
    for path in [path for package in PACKAGES for path in _files(place / package)]:
        if str(path.relative_to(place)) not in files:
            path.unlink()
