"""Frozen code: jobs run the code as it was when they were submitted."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.store.commit import BUILT_FROM, commit_of
from orchestrator.store.frozen_code import EARLIER_NAMES, LIVE, freeze, frozen_place, module_in
from orchestrator.store.layout import Store
from tests.orchestrator.attempts import let_go
from tests.orchestrator.test_run import is_at_hold, last_state, runs, until
from tests.support.tiny_sweep import SWEEP
from trainer.config.job import read_job
from trainer.record import State

Write = Callable[[str], Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A working copy of two small packages."""
    for name in ("orchestrator/__init__.py", "orchestrator/deep/a.py", "trainer/b.py", "trainer/__pycache__/b.pyc"):
        (tmp_path / "work" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / name).write_text(name)
    return tmp_path / "work"


def test_the_same_content_is_kept_once_and_another_elsewhere(root: Path, store: Store) -> None:
    first = freeze(store, root)
    assert first == freeze(store, root) == frozen_place(store, root)
    assert (first / "trainer" / "b.py").read_text() == "trainer/b.py"
    assert not list(first.rglob("*.pyc"))
    (root / "trainer" / "b.py").write_text("changed")
    assert freeze(store, root) != first
    assert (first / "trainer" / "b.py").read_text() == "trainer/b.py"
    assert len(list(store.code.iterdir())) == 2


def test_planning_where_a_copy_would_be_writes_nothing(root: Path, store: Store) -> None:
    assert frozen_place(store, root).parent == store.code
    assert not store.code.exists()


def test_a_damaged_copy_is_repaired(root: Path, store: Store) -> None:
    place = freeze(store, root)
    (place / "trainer" / "b.py").unlink()
    (place / "orchestrator" / "deep" / "a.py").chmod(0o644)
    (place / "orchestrator" / "deep" / "a.py").write_text("broken")
    (place / "trainer" / "added.py").write_text("strange")
    assert freeze(store, root) == place
    assert (place / "trainer" / "b.py").read_text() == "trainer/b.py"
    assert (place / "orchestrator" / "deep" / "a.py").read_text() == "orchestrator/deep/a.py"
    assert not (place / "trainer" / "added.py").exists()


def test_a_copy_that_was_broken_off_is_not_a_copy(root: Path, store: Store) -> None:
    place = frozen_place(store, root)
    leftover = place.with_name(f".{place.name}.host.1.tmp")
    leftover.mkdir(parents=True)
    assert (freeze(store, root) / "trainer" / "b.py").exists()


@pytest.mark.parametrize("module", EARLIER_NAMES)
def test_a_copy_of_an_earlier_version_is_served_by_the_module_that_it_has(tmp_path: Path, module: str) -> None:
    assert module_in(LIVE, module) == module
    assert module_in(tmp_path, module) == EARLIER_NAMES[module]


def test_the_commit_and_what_differs_from_it_are_recorded(root: Path, store: Store) -> None:
    def git(*words: str) -> str:
        names = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(["git", "-C", str(root), *names, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    (root / "trainer" / "b.py").write_text("changed")
    place = freeze(store, root)
    assert json.loads((place / "commit.json").read_text())["commit"] == git("rev-parse", "HEAD")
    assert "+changed" in (place / "changes.diff").read_text()


def test_the_repository_of_another_project_around_an_installation_is_not_its_own(root: Path) -> None:
    for folder in (root, root.parent):
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        names = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(folder), *names, "commit", "-qm", "one", "--allow-empty"], check=True)
    assert len(commit_of(root)) == 40
    shutil.rmtree(root / ".git")
    assert commit_of(root) == ""
    (root / BUILT_FROM).write_text("0123abcd\n")
    assert commit_of(root) == "0123abcd"


def test_freezing_this_code_is_quick(store: Store) -> None:
    freeze(store)
    started = time.process_time()
    place = freeze(store)
    assert time.process_time() - started < 1.0
    code = "import orchestrator.supervisor.supervise, trainer.config.train; print(orchestrator.__file__)"
    reported = subprocess.run(
        [sys.executable, "-P", "-c", code], env={"PYTHONPATH": str(place)}, capture_output=True, text=True
    )
    assert reported.stdout.startswith(str(place)), reported.stderr


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working copy of this code that a test may modify."""
    for package in ("orchestrator", "trainer"):
        shutil.copytree(LIVE / package, tmp_path / "work" / package, ignore=shutil.ignore_patterns("embedded"))
    shutil.copytree(LIVE / "analysis", tmp_path / "work" / "analysis")
    return tmp_path / "work"


@pytest.mark.parametrize(("option", "second"), [((), State.DONE), (("--live-code",), State.FAILED)])
@pytest.mark.usefixtures("scripted")
def test_editing_the_working_copy_changes_no_run(
    store: Store,
    sweep_file: Write,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: tuple[str, ...],
    second: State,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(work))
    text = SWEEP.replace("data.subset: [20, 40]\n  augment: [none, ada]", "augment: [ada]")
    words = ["run", str(sweep_file(text.replace("[0]", "[100, 101]"))), "--detach", "--cpus", "1", *option]
    command = [sys.executable, "-P", "-m", "orchestrator", *words, "--store", str(store.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    until(lambda: any(is_at_hold(run) for run in runs(store)))
    (work / "trainer" / "config" / "job.py").write_text("raise RuntimeError('edited')\n")
    for run in runs(store):
        let_go(run)
    first, later = sorted(runs(store), key=is_at_hold, reverse=True)
    until(lambda: last_state(first) is State.DONE)
    if second is State.DONE:
        until(lambda: last_state(later) is State.DONE)
        job = read_job(later.job(1))
        assert job is not None
        assert (store.code / job.code / "commit.json").exists()
    else:
        log = later.attempt(1) / "supervisor.log"
        until(lambda: log.exists() and "edited" in log.read_text())
