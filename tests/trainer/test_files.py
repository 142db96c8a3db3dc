"""Crash-safe files."""

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.files import (
    append_lines,
    create_file,
    create_folder,
    locked,
    matching,
    read_lines,
    remove_abandoned,
    replace_file,
    replacing,
    strict_json,
)


def refused(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_nan_becomes_null_at_any_depth() -> None:
    value = {"a": [1.5, float("nan"), (float("-inf"), None)], "b": {"c": float("inf")}, "where": Path("store")}
    reported = json.loads(strict_json(value), parse_constant=refused)
    assert reported == {"a": [1.5, None, [None, None]], "b": {"c": None}, "where": "store"}


def test_a_file_is_old_or_new_when_its_writer_fails(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    replace_file(path, "old")
    with pytest.raises(TypeError), replacing(path) as temporary:
        temporary.write_text(None)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path; from trainer.files import replace_file;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "path = Path(sys.argv[1]); replace_file(path, 'old');"
        "replace_file(path, 'x' * 5000)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "file"], capture_output=True, text=True, check=False)
    assert "OSError: [Errno 27] File too large" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


PATTERNS = ["*", "*.json", "[!.]*.json", "**/*", "**/*.json", "**/", "*/x.json", "*/b/*.json", "a/*.json", "**/*.*"]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("folder", ["", "link", "missing", "c.json", "loop"])
def test_matching_finds_what_glob_does_and_passes_over_what_leads_nowhere(
    tmp_path: Path, folder: str, pattern: str
) -> None:
    for name in ("a/x.json", "a/.h.json", "a/b/y.json", "c.json", "a/b/c/z.json", "q.PNG", "sp ace/[x].json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for link, to in {"link": "a", "loop": "loop", "a/nowhere.json": "missing"}.items():
        (tmp_path / link).symlink_to(to)
    expected = sorted((tmp_path / folder).glob(pattern))
    assert matching(tmp_path / folder, pattern) == expected
    (tmp_path / "a" / "long").symlink_to("n" * 300)
    assert set(matching(tmp_path / folder, pattern)) >= set(expected)


@pytest.mark.parametrize("path", [Path(), Path("/")])
def test_a_path_without_a_name_is_a_folder(path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        replace_file(path, "x")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a device")
def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    device, link = tmp_path / "null", tmp_path / "link"
    try:
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("no devices can be made here")
    link.symlink_to(device)
    for path in (device, link):
        with pytest.raises(OSError, match="is a device"):
            replace_file(path, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "null"]
    assert device.is_char_device()
    assert link.is_symlink()


def test_what_a_killed_writer_leaves_is_removed_once_it_is_dead(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from trainer.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); print('ready', flush=True); time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, tmp_path / "file"], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    assert remove_abandoned(tmp_path) == []
    writer.kill()
    writer.wait()
    assert len(remove_abandoned(tmp_path)) == 1
    assert list(tmp_path.iterdir()) == []


def test_files_of_other_hosts_and_other_names_are_left(tmp_path: Path) -> None:
    for name in (".file.elsewhere.1-00000000.tmp", ".file.tmp", "file.tmp", ".file.1.tmp"):
        (tmp_path / name).touch()
    assert remove_abandoned(tmp_path) == []


def test_a_file_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "trial.json"
    assert [create_file(path, "first"), create_file(path, "second")] == [True, False]
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_rows_follow_a_torn_line_and_torn_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "ticks.jsonl"
    append_lines(path, [{"kimg": 1}])
    with path.open("a") as file:
        file.write('{"kimg": 2, "half')
    append_lines(path, [{"kimg": 3}, {"kimg": 4}])
    assert [row["kimg"] for row in read_lines(path)] == [1, 3, 4]
    assert list(read_lines(tmp_path / "missing.jsonl")) == []


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_a_lock_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path, umask: int) -> None:
    former = os.umask(umask)
    try:
        with locked(tmp_path / "lock"):
            assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o666 & ~umask
    finally:
        os.umask(former)


def test_a_lock_is_held_by_one_and_freed_by_death(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from trainer.files import locked\n"
        "with locked(Path(sys.argv[1])) as mine:\n    print(mine, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    with locked(path, wait_seconds=0) as mine:
        assert not mine
    holder.kill()
    holder.wait()
    with locked(path) as mine:
        assert mine


def test_a_folder_appears_as_a_whole_and_the_first_one_wins(tmp_path: Path) -> None:
    folder = tmp_path / "code"

    def overtaken(draft: Path) -> None:
        (draft / "name").write_text("second")
        assert create_folder(folder, lambda other: (other / "name").write_text("first"))

    assert not create_folder(folder, overtaken)
    assert (folder / "name").read_text() == "first"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_cannot_be_filled_does_not_appear(tmp_path: Path) -> None:
    def fill(draft: Path) -> None:
        (draft / "name").write_text("half of it")
        raise OSError(errno.ENOSPC, "No space")

    with pytest.raises(OSError, match="No space"):
        create_folder(tmp_path / "code", fill)
    assert list(tmp_path.iterdir()) == []
