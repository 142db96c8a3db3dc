"""Fuzzed sweep files: `plan` ends with 0, or with 2 and lines that name the errors."""

import copy
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st
from ruamel.yaml import YAML

from orchestrator.cli import main
from orchestrator.dispatch import planner
from orchestrator.store.layout import Store
from orchestrator.sweep.json_schema import sweep_schema
from tests.support.fuzzing import LASTING, fuzz_for
from tests.support.schema_values import fitting
from tests.support.tiny_sweep import find

SWEEPS = Path(__file__).parents[2] / "sweeps"
FILES = sorted(file.relative_to(SWEEPS) for file in SWEEPS.rglob("*.yaml"))
YAML_SAFE = YAML(typ="safe", pure=True)
ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0, 1.5, 10**30, float("nan"), "", "no", "1e3", [], [[]], {}, {"type": "ada"}]
)
Place = tuple[Any, Any]


class Fuzzed(NamedTuple):
    """Where a sweep file lies in `sweeps/`, and its content: text, or what is to be written as YAML."""

    file: Path
    content: Any


@pytest.fixture
def planned(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[[Fuzzed], None]:
    """Return a function that plans a sweep file, with any data set, and checks the result."""
    monkeypatch.setattr(planner, "lookup", lambda _store: find)
    shutil.copytree(SWEEPS, tmp_path / "sweeps")

    def plan(fuzzed: Fuzzed) -> None:
        file = tmp_path / "sweeps" / fuzzed.file
        with file.open("w", encoding="utf-8") as stream:
            write = stream.write if isinstance(fuzzed.content, str) else lambda tree: YAML_SAFE.dump(tree, stream)
            write(fuzzed.content)
        code = main(["plan", str(file), "--store", str(store.root), "--cpus", "1"])
        shutil.copy(SWEEPS / fuzzed.file, file) if (SWEEPS / fuzzed.file).exists() else file.unlink()
        reported = capsys.readouterr().err
        assert code in (0, 2), reported
        assert (code == 2) == ("adasweep: error: " in reported)
        assert "Traceback" not in reported

    return plan


def places(tree: Any) -> Iterator[Place]:
    """Yield every mapping or list in a tree with each of its keys."""
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield tree, key
        yield from places(tree[key])


def changed(draw: st.DrawFn, tree: Any) -> None:
    """Change one value of a tree: remove it, misspell it, replace it, or wrap it."""
    holder, key = draw(st.sampled_from(list(places(tree))))
    match draw(st.sampled_from(["delete", "misspell", "anything", "another", "wrap", "text"])):
        case "delete":
            del holder[key]
        case "misspell" if isinstance(holder, dict):
            holder[str(key)[:-1] + "x"] = holder.pop(key)
        case "another":
            other, place = draw(st.sampled_from(list(places(tree))))
            holder[key] = copy.deepcopy(other[place])
        case "wrap":
            holder[key] = [holder[key]]
        case "text":
            holder[key] = str(holder[key])
        case _:
            holder[key] = copy.deepcopy(draw(ANYTHING))


@cache
def loaded(file: Path) -> Any:
    return YAML_SAFE.load((SWEEPS / file).read_text(encoding="utf-8"))


@st.composite
def mutated(draw: st.DrawFn) -> Fuzzed:
    """Return a sweep of the repository with up to three changes."""
    file = draw(st.sampled_from(FILES))
    tree = copy.deepcopy(loaded(file))
    for _ in range(draw(st.integers(1, 3))):
        changed(draw, tree)
    return Fuzzed(file, tree)


@st.composite
def misprinted(draw: st.DrawFn) -> Fuzzed:
    """Return a sweep of the repository with up to three lines removed, indented, doubled or cut."""
    file = draw(st.sampled_from(FILES))
    lines = (SWEEPS / file).read_text(encoding="utf-8").splitlines()
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        line, cut = lines[place], draw(st.integers(0, len(lines[place])))
        lines[place] = draw(st.sampled_from(["", f"  {line}", f"{line}\n{line}", line[:cut], line[cut:], f"{line}:"]))
    return Fuzzed(file, "\n".join(lines))


SCHEMA = sweep_schema()
BY_SCHEMA = fitting(SCHEMA, SCHEMA).map(
    lambda content: Fuzzed(
        Path("fuzzed.yaml"),
        {**content, "sweep": "s", "base": {"preset": "tiny32", "data": "tiny", **content.get("base", {})}},
    )
)


@LASTING
def test_any_change_of_a_sweep_is_a_plan_or_a_user_error(planned: Callable[[Fuzzed], None], seconds: float) -> None:
    fuzz_for(seconds, mutated() | misprinted(), planned)


@LASTING
def test_whatever_fits_the_schema_is_a_plan_or_a_user_error(planned: Callable[[Fuzzed], None], seconds: float) -> None:
    fuzz_for(seconds, BY_SCHEMA, planned)
