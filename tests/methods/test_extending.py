"""The diff in docs/extending.md is the method as it stands in the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def added(name: str) -> list[str]:
    """The lines that the diff adds to a file."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    part = text.split(f"+++ b/{name}\n")[1].split("\n--- ")[0].split("\n```")[0]
    return [line[1:] for line in part.split("\n") if line.startswith("+")]


def test_diff_has_the_whole_method() -> None:
    source = (ROOT / "trainer" / "methods" / "lecam.py").read_text(encoding="utf-8")
    assert added("trainer/methods/lecam.py") == source.splitlines()


def test_diff_has_the_whole_spec() -> None:
    source = (ROOT / "trainer" / "config" / "methods.py").read_text(encoding="utf-8").splitlines()
    assert all(line in source for line in added("trainer/config/methods.py"))
