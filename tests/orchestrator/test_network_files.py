"""Files of detectors and distances that are none: `plan` and `run` say so in one line, before anything is made."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.store.layout import Store
from trainer.config.metrics.network_file import file_fault

Write = Callable[[str], Path]
Capture = pytest.CaptureFixture[str]
NOBODY = 65534
HEAD = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 0.1\n"
KEYS = {"inception": "metrics: [fid50]\ndetector: ", "vgg16": "metrics: [ppl50_wend]\ndistance: "}


def _zip(path: Path, name: str = "net/code/__torch__.py") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "def forward(self): ..." * 100)


def _truncated(path: Path) -> None:
    _zip(path)
    path.write_bytes(path.read_bytes()[:-30])


def _damaged(path: Path) -> None:
    _zip(path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"PK\x01\x02", b"PK\x09\x09"))


def _in_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda _path: None, "there is no file"),
    "in a file": (_in_a_file, "there is no file"),
    "a folder": (Path.mkdir, "is not a regular file"),
    "a pipe": (os.mkfifo, "is not a regular file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "cannot be read (too many levels"),
    "empty": (Path.touch, "is not a TorchScript file"),
    "a text": (lambda path: path.write_text("<html>not found</html>"), "is not a TorchScript file"),
    "a pickle": (lambda path: path.write_bytes(b"\x80\x04N."), "is not a TorchScript file"),
    "weights without a program": (lambda path: _zip(path, "net/data.pkl"), "is not a TorchScript file"),
    "truncated": (_truncated, "is not a TorchScript file"),
    "damaged": (_damaged, "is not a TorchScript file"),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "networks").mkdir()
    return tmp_path / "networks" / "it.pt"


def refused(store: Store, file: Path, capsys: Capture, command: str) -> str:
    """Return the only line with which a command refuses a sweep."""
    assert main([command, str(file), "--store", str(store.root), "--cpus", "1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert not (store.root / "trials").exists()
    return line


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("network", KEYS)
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_none_of_a_network_is_refused(
    store: Store, sweep_file: Write, path: Path, capsys: Capture, kind: str, network: str, command: str
) -> None:
    make, told = FILES[kind]
    make(path)
    line = refused(store, sweep_file(f"{HEAD}{KEYS[network]}{network}:{path}\n"), capsys, command)
    assert f": '{path}' " in line or f"there is no file '{path}'" in line
    assert told in line


@pytest.mark.parametrize("command", ["plan", "run"])
def test_another_file_than_the_official_one_is_refused(
    store: Store, sweep_file: Write, path: Path, capsys: Capture, command: str
) -> None:
    _zip(path)
    line = refused(store, sweep_file(f"{HEAD}{KEYS['inception']}inception:{path}\n"), capsys, command)
    assert "is not the official file inception-2015-12-05.pt: its sha256 is " in line


def test_the_file_of_a_distance_may_be_any_program(path: Path) -> None:
    _zip(path)
    assert file_fault("vgg16", str(path)) == ""


@pytest.mark.parametrize("text", ["", "\0", "a" * 5000])
def test_no_path_is_a_traceback(text: str) -> None:
    assert file_fault("inception", text).endswith("; write inception:/path/to/file.pt")


def test_a_file_that_may_not_be_read_is_reported(path: Path) -> None:
    _zip(path)
    path.chmod(0)
    user = os.geteuid()
    os.seteuid(user or NOBODY)  # root may read everything
    try:
        assert "cannot be read (permission denied)" in file_fault("inception", str(path))
    finally:
        os.seteuid(user)
