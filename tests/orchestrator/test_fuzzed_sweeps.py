"""Fuzzed sweep files: `plan` ends with 0, or with 2 and lines that name the errors."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from orchestrator.cli import main
from orchestrator.dispatch import planner
from orchestrator.store.layout import Store
from orchestrator.sweep.json_schema import sweep_schema
from tests.support.fuzzing import BATCH, FEW, fuzz_for
from tests.support.schema_values import fitting
from tests.support.tiny_sweep import find

SWEEPS = Path(__file__).parents[2] / "sweeps"
FILES = [SWEEPS / name for name in ("demo.yaml", "laptop/bcr.yaml", "laptop/few_images.yaml", "presets/laptop16.yaml")]
YAML_SAFE = YAML(typ="safe", pure=True)
ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0, 1.5, 10**30, float("nan"), "", "no", "1e3", [], [[]], {}, {"type": "ada"}]
)
Place = tuple[Any, Any]


@pytest.fixture
def planned(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[[Any], None]:
    """Return a function that plans the content of a sweep file, with any data set, and checks the result."""
    monkeypatch.setattr(planner, "lookup", lambda _store: find)
    file = tmp_path / "fuzzed.yaml"

    def plan(content: Any) -> None:
        with file.open("w", encoding="utf-8") as stream:
            YAML_SAFE.dump(content, stream)
        code = main(["plan", str(file), "--store", str(store.root), "--cpus", "1"])
        reported = capsys.readouterr().err
        assert code in (0, 2)
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
            holder[key] = draw(ANYTHING)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Return the content of a sweep of the repository with up to three changes."""
    tree = YAML_SAFE.load(draw(st.sampled_from(FILES)).read_text(encoding="utf-8"))
    for _ in range(draw(st.integers(1, 3))):
        changed(draw, tree)
    return tree


SCHEMA = sweep_schema()
BY_SCHEMA = fitting(SCHEMA, SCHEMA).map(
    lambda content: {**content, "sweep": "s", "base": {"preset": "tiny32", "data": "tiny", **content.get("base", {})}}
)


@FEW
@given(content=mutated())
def test_any_change_of_a_sweep_is_a_plan_or_a_user_error(planned: Callable[[Any], None], content: Any) -> None:
    planned(content)


@FEW
@given(content=BY_SCHEMA)
def test_whatever_fits_the_schema_is_a_plan_or_a_user_error(planned: Callable[[Any], None], content: Any) -> None:
    planned(content)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fuzzed_sweeps_are_plans_or_user_errors_for_ten_minutes(planned: Callable[[Any], None]) -> None:
    @BATCH
    @given(content=mutated() | BY_SCHEMA)
    def fuzz(content: Any) -> None:
        planned(content)

    fuzz_for(10, fuzz)
