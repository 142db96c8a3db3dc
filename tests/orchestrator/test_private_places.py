"""Executed files are only writable by the user: in the store, or in a private folder beside a shared store."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend

from orchestrator.backends.local.backend import LocalBackend
from orchestrator.errors import StoreError
from orchestrator.store.frozen_code import freeze
from orchestrator.store.layout import Store
from orchestrator.store.private import is_private, private_place, require_private

NOBODY = 65534


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "adasweep"


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    root = tmp_path / "store"
    root.mkdir()
    return Store(root)


def test_in_a_private_store_code_is_in_the_store(store: Store) -> None:
    assert private_place(store, "code") == store.root / "code"
    assert freeze(store).parent == store.root / "code"


@pytest.mark.parametrize("mode", [0o775, 0o2775, 0o777, 0o1777])
@pytest.mark.parametrize("which", ["", "code"])
def test_beside_a_shared_store_code_is_in_a_closed_folder(store: Store, own: Path, mode: int, which: str) -> None:
    (store.root / "code").mkdir()
    os.chown(store.root / which, os.getuid(), NOBODY)
    (store.root / which).chmod(mode)
    code = freeze(store)
    assert code.is_relative_to(own)
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert list((store.root / "code").iterdir()) == []


@pytest.mark.parametrize("mask", [0o002, 0o000])
def test_new_files_that_others_could_write_are_not_private(
    store: Store, own: Path, mask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getegid", lambda: NOBODY)
    os.umask(mask)
    assert LocalBackend(store).queue.root.is_relative_to(own)


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_files_of_another_user_are_not_private(store: Store, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(store.root, NOBODY, NOBODY)
    assert is_private(store.root), "root works in stores of others, as in containers"
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY - 1)
    assert not is_private(store.root)
    assert private_place(store, "slurm").is_relative_to(own)


def test_a_folder_that_others_can_write_to_is_refused_with_a_fix(store: Store) -> None:
    folder = store.root / "local" / "host"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.raises(StoreError, match=r"mode 0777: others could put code there; chmod go-w .*/local/host"):
        require_private(folder, store)
    folder.chmod(0o755)
    require_private(folder, store)


def test_an_own_folder_that_others_can_enter_is_refused(store: Store, own: Path) -> None:
    store.root.chmod(0o777)
    own.mkdir(parents=True, mode=0o755)
    with pytest.raises(StoreError, match="chmod 700"):
        freeze(store)


def test_optunas_journal_is_json_and_never_unpickled() -> None:
    assert issubclass(JournalFileBackend, BaseJournalBackend)
    assert not hasattr(JournalFileBackend, "load_snapshot")


def test_no_code_of_ours_unpickles_anything_but_the_inert_reader() -> None:
    root = Path(__file__).parents[2]
    unpickles = re.compile(r"pickle\.loads?\(|Unpickler\(|allow_pickle=True|weights_only=False|joblib|dill")
    files = [file for package in ("orchestrator", "trainer", "analysis") for file in (root / package).rglob("*.py")]
    found = {str(file.relative_to(root)) for file in files if unpickles.search(file.read_text(encoding="utf-8"))}
    assert found == {"trainer/data/readers/inert_pickle.py"}
