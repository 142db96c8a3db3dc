"""Fuzzed profiles of SLURM: a dry run prints the script, or every mistake in a line; never a traceback."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from ruamel.yaml import YAML

from orchestrator.backends.slurm.profile import PROFILES, Profile
from orchestrator.cli import main
from orchestrator.store.layout import Store
from tests.orchestrator.test_fuzzed_sweeps import ANYTHING, changed
from tests.support.fuzzing import LASTING, fuzz_for
from tests.support.tiny_sweep import SWEEP, write_data_set

YAML_SAFE = YAML(typ="safe", pure=True)
FILES = (*sorted(PROFILES.glob("*.yaml")), Path(__file__).parent / "golden" / "every_key.yaml")
ABSURD: st.SearchStrategy[Any] = (
    ANYTHING
    | st.floats()
    | st.integers()
    | st.text(max_size=40)
    | st.sampled_from(["7-0:00:00", "$(date)", "a\nb", "'", "\0", "/a" * 400, "x" * 5000, 10**400, 5e-324, -0.0])
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Return a profile with up to three changes, and up to two keys with anything."""
    tree = copy.deepcopy(YAML_SAFE.load(draw(st.sampled_from(FILES)).read_text(encoding="utf-8")))
    for _ in range(draw(st.integers(0, 3))):
        if tree:
            changed(draw, tree)
    absurd = st.dictionaries(st.sampled_from(sorted(Profile.model_fields)), ABSURD | nested(), max_size=2)
    return {**tree, **draw(absurd)}


def nested() -> st.SearchStrategy[Any]:
    """Return lists and mappings of anything, under names of flags among others."""
    names = st.sampled_from(["mail-type", "gres", "to", "watts", "devices", "gpus", "/home/me", "", "\n", "-x"])
    return st.lists(ABSURD, max_size=3) | st.dictionaries(names | st.text(max_size=9), ABSURD, max_size=3)


@pytest.fixture
def place(tmp_path: Path) -> Store:
    write_data_set(tmp_path / "store" / "data" / "tiny.zip")
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return Store(tmp_path / "store")


@LASTING
def test_any_change_of_a_profile_is_a_script_or_a_user_error(
    place: Store, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], seconds: float
) -> None:
    file = place.root / "slurm.yaml"
    monkeypatch.delenv("ADASWEEP_PROFILE", raising=False)
    words = ["run", str(place.root.parent / "sweep.yaml"), "--backend", "slurm", "--dry-run"]

    def judge(profile: Any) -> None:
        with file.open("w", encoding="utf-8") as stream:
            YAML_SAFE.dump(profile, stream)
        code = main([*words, "--store", str(place.root)])
        out, err = capfd.readouterr()
        assert code in (0, 2, 3), err
        assert "Traceback" not in err
        assert (code == 2) == ("adasweep: error: " in err), err
        assert code or out.startswith("#") or "#SBATCH" in out, out
        assert not (place.root / "trials").exists()

    fuzz_for(seconds, mutated(), judge)
