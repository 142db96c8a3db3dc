"""Profiles of clusters."""

from pathlib import Path

import pytest

from orchestrator.backends.slurm.profile import PROFILES, Profile, chosen_profile, read_profile
from orchestrator.errors import PlanError, SweepError


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADASWEEP_PROFILE", raising=False)


@pytest.mark.parametrize("file", sorted(PROFILES.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_profile_that_ships_is_valid(file: Path) -> None:
    read_profile(file)


def test_a_profile_is_chosen_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADASWEEP_PROFILE", "throwaway")
    assert chosen_profile(tmp_path) == read_profile(PROFILES / "throwaway.yaml")


def test_a_profile_is_chosen_by_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("partition: big\n")
    monkeypatch.setenv("ADASWEEP_PROFILE", str(tmp_path / "mine.yaml"))
    assert chosen_profile(tmp_path / "store").partition == "big"


def test_an_unknown_name_is_told_with_the_nearest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADASWEEP_PROFILE", "throwawy")
    with pytest.raises(PlanError, match="did you mean 'throwaway'"):
        chosen_profile(tmp_path)


def test_a_store_may_have_its_own(tmp_path: Path) -> None:
    (tmp_path / "slurm.yaml").write_text("qos: short\n")
    assert chosen_profile(tmp_path).qos == "short"


def test_without_any_the_cluster_decides(tmp_path: Path) -> None:
    assert chosen_profile(tmp_path) == Profile()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\npartitions: a\n", "mine.yaml:2: partitions: is not a setting; did you mean 'partition'?"),
        ("signal_seconds: soon\n", "mine.yaml:1: signal_seconds:"),
        ("flags: {array: 1-3}\n", "mine.yaml:1: flags: array: set by adasweep itself"),
        ('partition: "a\\nb"\n', "mine.yaml:1: partition:"),
        ('setup: [module load a, "b\\nc"]\n', "mine.yaml:1: setup[1]:"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(SweepError) as error:
        read_profile(file)
    assert problem in str(error.value)
