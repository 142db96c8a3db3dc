"""Every paper tier has the settings that its paper states, and a planted error in it is found."""

import pytest

from orchestrator.sweep.deviations import deviations
from orchestrator.sweep.published_settings import published_files
from tests.sweeps.planned import OF_PAPERS, planned, read

FILES = published_files()


@pytest.mark.parametrize("name", OF_PAPERS)
def test_a_paper_tier_has_every_published_setting(name: str) -> None:
    sweep, trials = read(name, "paper"), planned(name, "paper")
    assert [str(found) for file in FILES for found in deviations(file, sweep, trials)] == []


def test_every_sweep_of_a_paper_has_published_settings_with_proof() -> None:
    stated = {name for file in FILES for entry in file.table.entries if entry.evidence != "M" for name in entry.sweep}
    assert {read(name, "paper").spec.sweep for name in OF_PAPERS} == stated
