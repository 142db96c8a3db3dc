"""A place that the user names, where nothing can be written, is one line; it is no bug."""

import subprocess
from pathlib import Path

import pytest

from orchestrator.cli import main
from tests.orchestrator.test_corrupt_stores import whole as whole
from tests.support.small_disk import mounted
from trainer.errors import ExitCode
from trainer.files import create_file, make_folder, replace_file

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("place", ["/proc/none", "/proc/none/below"])
@pytest.mark.parametrize(
    "words", ["sweeps copy demo PLACE", "report two --out PLACE/page.html", "dashboard --export PLACE"]
)
def test_a_place_where_nothing_can_be_made_is_named_in_one_line(
    whole: Path, capfd: Capture, words: str, place: str
) -> None:
    given = words.replace("PLACE", place).split()
    store = [] if given[0] == "sweeps" else ["--store", str(whole / "store")]
    assert main([*given, *store]) == ExitCode.USER_ERROR
    problem = "lies where no file or folder can be made; move it away, or choose another place"
    assert capfd.readouterr().err == f"adasweep: error: /proc/none: {problem}\n"


def test_a_file_that_cannot_be_made_in_a_folder_that_is_there_is_named_itself(whole: Path, capfd: Capture) -> None:
    assert main(["report", "two", "--out", "/proc/none.html", "--store", str(whole / "store")]) == ExitCode.USER_ERROR
    assert "error: /proc/none.html: lies where no file or folder can be made;" in capfd.readouterr().err


def test_a_read_only_disk_is_named_in_one_line(tmp_path: Path, capfd: Capture) -> None:
    with mounted(tmp_path / "disk", "1m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert main(["sweeps", "copy", "demo", str(disk / "copies")]) == ExitCode.USER_ERROR
    told = f"adasweep: error: {disk / 'copies'}: read-only file system; check its permissions\n"
    assert capfd.readouterr().err == told


def test_every_way_to_write_a_file_tells_the_same_of_such_a_place() -> None:
    for write in (lambda place: replace_file(place, ""), lambda place: create_file(place, ""), make_folder):
        with pytest.raises(OSError, match="Operation not supported: '/proc/none"):
            write(Path("/proc/none/below"))
