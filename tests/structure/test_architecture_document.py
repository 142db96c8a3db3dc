"""docs/architecture.md has one row for each subpackage, and no other rows."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("orchestrator", "trainer", "analysis")
ROW = re.compile(r"^\| `((?:orchestrator|trainer|analysis)/\w+)` \|", re.MULTILINE)


def subpackages(package: str) -> set[str]:
    """Return the folders with code directly in a package."""
    return {f"{package}/{path.name}" for path in (ROOT / package).iterdir() if any(path.glob("*.py"))}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_subpackage_has_one_row(package: str) -> None:
    rows = [name for name in ROW.findall(TEXT) if name.startswith(f"{package}/")]
    assert sorted(rows) == sorted(subpackages(package))


def test_every_row_says_what_comes_in_and_what_goes_out() -> None:
    rows = [line.split("|") for line in TEXT.splitlines() if ROW.match(line)]
    assert all(len(cells) == 6 and cells[2].strip() and cells[3].strip() for cells in rows)


def test_every_file_named_in_the_document_exists() -> None:
    named = re.findall(r"`((?:orchestrator|trainer|analysis|sweeps|infra)/[\w/]+\.(?:py|yaml))`", TEXT)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_a_value_is_handled_by_at_most_28_files_between_yaml_and_figure() -> None:
    path = TEXT.split("## The path of one value")[1].split("Other files on the way")[0]
    files = re.findall(r"`((?:orchestrator|trainer|analysis)/[\w/]+\.py)`", path)
    assert len(files) == len(set(files)) <= 28
    assert f"handled by {len(files)} files" in path
