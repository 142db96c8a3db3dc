"""Locations of executed files, which only the user may write.

Frozen code is imported, submitit's pickles are unpickled, queue entries are run: whoever can write these files can run
code as the user. If only the user can write the store, they are in the store. If others can write it, they are in a
private folder: $XDG_STATE_HOME/adasweep/STORE, or ~/.local/state/adasweep/STORE, where STORE is a hash of the store's
path. Parent folders of both are trusted.
"""

import grp
import hashlib
import os
import pwd
import stat
from pathlib import Path

from orchestrator.errors import StoreError
from orchestrator.store.layout import Store

STATE_VARIABLE = "XDG_STATE_HOME"
DIGITS = 12


def private_place(store: Store, name: str) -> Path:
    """Return the folder for executed files of this kind, which may not exist yet."""
    root = store.root.resolve()
    if _new_files_are_private() and all(is_private(path) for path in (root, root / name) if path.exists()):
        return root / name
    return outside(store) / name


def outside(store: Store) -> Path:
    """Return the folder of a store's executed files where others can write the store itself; it may not exist."""
    return _own_folder() / hashlib.sha256(os.fsencode(store.root.resolve())).hexdigest()[:DIGITS]


def require_private(folder: Path, store: Store) -> None:
    """Create a private folder. Raises StoreError if others could write to it."""
    root = store.root.resolve()
    top = root if folder.is_relative_to(root) else _own_folder()
    top.mkdir(parents=True, exist_ok=True, mode=0o777 if top == root else 0o700)
    folder.mkdir(parents=True, exist_ok=True)
    if top != root and not _is_closed(top):
        raise StoreError(top, f"{_owner_and_mode(top)}: others could put code there", f"chmod 700 {top}")
    for path in (folder, *folder.parents) if top == root else ():
        if not is_private(path):
            raise StoreError(path, f"{_owner_and_mode(path)}: others could put code there", f"chmod go-w {path}")
        if path == top:
            return


def is_private(path: Path) -> bool:
    """Return whether only this user and root can write to a folder; root trusts the folder's owner."""
    status = path.stat()
    trusted = os.geteuid() == 0 or status.st_uid in {0, os.geteuid()}
    open_to_group = bool(status.st_mode & stat.S_IWGRP) and not _is_own_group(status.st_gid)
    return trusted and not open_to_group and not status.st_mode & stat.S_IWOTH


def _is_closed(path: Path) -> bool:
    """Return whether only this user and root can enter a folder."""
    status = path.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _new_files_are_private() -> bool:
    mask = os.umask(0o022)
    os.umask(mask)
    group = bool(mask & stat.S_IWGRP) or _is_own_group(os.getegid())
    return group and bool(mask & stat.S_IWOTH)


def _is_own_group(gid: int) -> bool:
    """Return whether this user is the only member of a group (many systems create a group for every user)."""
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _owner_and_mode(path: Path) -> str:
    status = path.stat()
    try:
        owner = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        owner = str(status.st_uid)
    return f"belongs to {owner}, mode {stat.S_IMODE(status.st_mode):04o}"


def _own_folder() -> Path:
    state_home = os.environ.get(STATE_VARIABLE, "")
    return (Path(state_home) if os.path.isabs(state_home) else Path.home() / ".local" / "state") / "adasweep"
