"""The diff in docs/extending.md equals the method in the repository."""

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
    source = (ROOT / "trainer" / "config" / "methods.py").read_text(encoding="utf-8")
    *spec, entry, rest = added("trainer/config/methods.py")
    assert "\n".join(spec) in source
    assert f"AnyMethod = Annotated[\n{entry}\n{rest}\n" in source


def test_no_other_file_of_the_trainer_knows_the_method() -> None:
    knowing = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "trainer").rglob("*.py")
        if "lecam" in path.read_text(encoding="utf-8").lower()
    }
    assert knowing == {"trainer/methods/lecam.py", "trainer/config/methods.py"}
