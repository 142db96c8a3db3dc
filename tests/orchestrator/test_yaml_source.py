import os
from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.yaml_source import YamlSource, load


def source(tmp_path: Path, text: str) -> YamlSource:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def problem(tmp_path: Path, text: str) -> str:
    with pytest.raises(SweepError) as error:
        source(tmp_path, text)
    return str(error.value).removeprefix(f"{tmp_path}/")


def test_scalars_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    values = source(tmp_path, "a: [off, no, 1e-3, 010, 12:30, ~, .5, true]").values["a"]
    assert values == ["off", "no", 0.001, 10, "12:30", None, 0.5, True]


def test_every_key_and_item_knows_its_line(tmp_path: Path) -> None:
    found = source(tmp_path, "a: 1\nb:\n  c.d:\n  - 1\n  - {e: 2}\n")
    assert found.line(("b", "c.d", 1, "e")) == 5
    assert found.line(("b", "c.d")) == 3


def test_what_is_not_in_the_file_has_the_line_of_what_is_around_it(tmp_path: Path) -> None:
    assert source(tmp_path, "a: 1\nb:\n  c: 1\n").line(("b", "nothing", 3)) == 2


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "duplicate key"),
        ("a: [1\nb: 2\n", 2, "expected"),
        ("a: 1\nb: !!python/object:os.system ls\n", 2, "could not determine a constructor"),
        ("a: !mine 1\n", 1, "could not determine a constructor"),
        ("- 1\n", 1, "is not a mapping"),
        ("", 1, "is not a mapping"),
        ("\0", 1, "unacceptable character"),
    ],
)
def test_what_cannot_be_read_is_reported_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    assert problem(tmp_path, text).startswith(f"x.yaml:{line}: ")
    assert message in problem(tmp_path, text)


def test_aliases_that_explode_are_refused(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    assert "nested too deeply after expanding aliases" in problem(tmp_path, bomb)


@pytest.mark.parametrize("text", ["a: &a [*a]\n", f"a: {'[' * 500}{']' * 500}\n", "a: &a {b: *a}\n"])
def test_bottomless_nesting_is_refused(tmp_path: Path, text: str) -> None:
    assert problem(tmp_path, text).startswith("x.yaml:1: ")
    assert "nested too deeply" in problem(tmp_path, text)


@pytest.mark.parametrize("kind", ["a pipe", "a device"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "x.yaml"
    os.mkfifo(place) if kind == "a pipe" else place.symlink_to("/dev/zero")
    with pytest.raises(SweepError, match=r"x\.yaml: file: not a regular file"):
        load(place)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"gone\.yaml: file: No such file or directory"):
        load(tmp_path / "gone.yaml")
