"""Where those files of a store lie that are executed: places that nobody but the user can write.

Frozen code is imported, submitit's pickles are unpickled, entries of a queue are carried out. Whoever can write them
runs code in the user's name. In a store that nobody else can write they lie in the store. Beside a store that others
may write they lie in a folder that nobody else can enter: $XDG_STATE_HOME/adasweep/STORE, or
~/.local/state/adasweep/STORE, where STORE is a hash of the store's path. The folders above the store, and those above
the other one, are taken to be what they should be.
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
    """Return the folder for executed files of this kind, which need not be there yet."""
    root = store.root.resolve()
    if _new_files_are_private() and all(is_private(path) for path in (root, root / name) if path.exists()):
        return root / name
    return _own_folder() / hashlib.sha256(os.fsencode(root)).hexdigest()[:DIGITS] / name


def require_private(folder: Path, store: Store) -> None:
    """Make a private place. Raises StoreError where somebody else could write there."""
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
    """Return whether nobody but this user and root can write a folder."""
    told = path.stat()
    open_to_group = bool(told.st_mode & stat.S_IWGRP) and not _is_own_group(told.st_gid)
    return told.st_uid in {0, os.geteuid()} and not open_to_group and not told.st_mode & stat.S_IWOTH


def _is_closed(path: Path) -> bool:
    """Return whether nobody but this user and root can enter a folder."""
    told = path.stat()
    return told.st_uid == os.geteuid() and not told.st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _new_files_are_private() -> bool:
    mask = os.umask(0o022)
    os.umask(mask)
    group = bool(mask & stat.S_IWGRP) or _is_own_group(os.getegid())
    return group and bool(mask & stat.S_IWOTH)


def _is_own_group(gid: int) -> bool:
    """Return whether a group is the one of this user alone, as many systems make one for every user."""
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _owner_and_mode(path: Path) -> str:
    told = path.stat()
    try:
        owner = pwd.getpwuid(told.st_uid).pw_name
    except KeyError:
        owner = str(told.st_uid)
    return f"belongs to {owner}, mode {stat.S_IMODE(told.st_mode):04o}"


def _own_folder() -> Path:
    given = os.environ.get(STATE_VARIABLE, "")
    return (Path(given) if os.path.isabs(given) else Path.home() / ".local" / "state") / "adasweep"
