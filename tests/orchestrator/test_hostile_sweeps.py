"""Any sweep file gives trials or a SweepError, and never crashes, runs a shell command or escapes the store."""

import contextlib
import itertools
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.backends.slurm.profile import Profile
from orchestrator.backends.slurm.script import arrays
from orchestrator.errors import StoreError, SweepError
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import Task, supervisor_command
from orchestrator.sweep.expand import expand
from orchestrator.sweep.keys import settable
from orchestrator.sweep.reader import Sweep, read_sweep
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.yaml_source import YamlSource
from tests.support.tiny_sweep import find
from trainer.config.job import Resources

BASE: dict[str, Any] = {"preset": "tiny32", "data": "tiny"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**6) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(list(settable()))


@given(KEYS, VALUES)
@settings(max_examples=200, deadline=None)
def test_any_value_of_any_key_is_a_trial_or_a_sweep_error(key: str, value: Any) -> None:
    spec = {"sweep": "s", "base": BASE, "grid": {key: [value]}, "horizon_kimg": 1, "exclude": [{key: value}]}
    with contextlib.suppress(SweepError, ValidationError):
        expand(Sweep(YamlSource(Path("s.yaml"), {}, {}), "", SweepSpec.model_validate(spec)), find)


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_sweep_or_a_sweep_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SweepError):
        read_sweep(path)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mapping_is_a_sweep_or_a_sweep_error(tmp_path: Path, values: dict[str, Any]) -> None:
    from ruamel.yaml import YAML

    path = tmp_path / "s.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump({"sweep": "s", "horizon_kimg": 1, **values}, file)
    reported = ""
    try:
        expand(read_sweep(path), find)
    except SweepError as error:
        reported = str(error)
    assert all(line.startswith(str(path)) for line in reported.splitlines())


@pytest.mark.parametrize("name", ["../up", "a/b", "A", "", "-x", "x" * 65, "a\nb", "$(ls)", "a b"])
def test_a_sweeps_name_is_not_a_path(name: str) -> None:
    with pytest.raises(ValidationError):
        SweepSpec.model_validate({"sweep": name, "base": BASE, "horizon_kimg": 1})


@given(st.text(max_size=20))
def test_no_path_is_built_from_what_is_not_a_trial_id(text: str) -> None:
    with pytest.raises(StoreError):
        Store(Path("/store")).run(text)


@given(
    st.text(alphabet=st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=20)
)
def test_a_path_is_one_word_of_a_command(name: str) -> None:
    task = Task("0" * 12, Path("/store") / name, 1, Resources())
    command = supervisor_command(task)
    assert command[-2:] == [str(task.directory), "1"]
    assert shlex.split(shlex.join(command)) == command


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{name}'] * 10)}]\n" for name, after in itertools.pairwise("abcdefghi")
)
HOSTILE = st.text(st.sampled_from("ab \t\n\r'\"`$(){};|&<>*?!#%\\/.é-=~"), max_size=30)


@given(HOSTILE, HOSTILE)
@settings(max_examples=60, deadline=None)
def test_nothing_a_person_named_stands_in_a_rendered_script(label: str, question: str) -> None:
    """A script consists of trial ids, numbers and folders, and contains no text of the sweep."""
    innocent: dict[str, Any] = {"sweep": "s", "base": BASE, "horizon_kimg": 1}
    hostile = {**innocent, "question": question, "claims": [label], "figures": [label]}
    specs = [SweepSpec.model_validate(values) for values in (innocent, hostile)]
    sweep, plain = (Sweep(YamlSource(Path("s.yaml"), {}, {}), "", spec) for spec in specs)
    texts = []
    for one in (sweep, plain):
        trials = expand(one, find)
        tasks = [Task(trial.id, Path("/store/trials") / trial.id, 1, trial.resources) for trial in trials]
        texts.append([array.script for array in arrays(tasks, Profile(), Path("/store/slurm"), "/usr/bin/python3")])
    assert texts[0] == texts[1]


@given(HOSTILE)
@settings(max_examples=60, deadline=None)
def test_a_hostile_name_of_a_cell_is_refused_or_harmless(name: str) -> None:
    with contextlib.suppress(ValidationError):
        SweepSpec.model_validate({"sweep": "s", "base": BASE, "cells": {name: {}}, "horizon_kimg": 1})
        assert set(name) <= set("ab-")


@given(HOSTILE)
@settings(max_examples=60, deadline=None)
def test_the_folder_of_frozen_code_is_one_word_of_a_script(name: str) -> None:
    code = Path("/code") / (name.replace("/", "") or "x")
    task = Task("0" * 12, Path("/store/trials/x"), 1, Resources(), code)
    [array] = arrays([task], Profile(), Path("/store/slurm"), "/usr/bin/python3")
    exported = shlex.split(array.script[array.script.index("export PYTHONPATH=") :])
    assert exported[1].removeprefix("PYTHONPATH=").startswith(str(code))


@pytest.mark.parametrize(
    "text",
    [
        "sweep: !!python/object/apply:os.system ['touch owned']\n",
        "sweep: !shell rm\n",
        BOMB,
        "sweep: s\nbase: &a {x: *a}\n",
        "sweep: s\nsweep: t\n",
        "[" * 3000,
    ],
)
def test_bombs_and_tags_are_one_line_each(tmp_path: Path, text: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    with pytest.raises(SweepError) as refused:
        read_sweep(file)
    assert str(refused.value).startswith(f"{file}:")
    assert not (tmp_path / "owned").exists()
