"""What decides the result of a run is compared with published settings, in every cell of every sweep of a paper."""

import pytest

from orchestrator.sweep.deviations import Facts, deviations_of, facts_of
from orchestrator.sweep.published_settings import published_files
from tests.sweeps.planned import OF_PAPERS, planned, read

COMPARED = (
    *("data", "data.mirror", "data.labels", "transfer", "discriminator.frozen_layers", "horizon_kimg", "augment"),
    *(
        "batch",
        "ema.half_life_kimg",
        "ema.rampup",
        "ema.beta",
        "ema.start_kimg",
        "generator.mapping_layers",
        "objective",
    ),
    *("score", "metrics", "detector", "evaluation_seeds"),
    *(f"{network}_optimizer.{key}" for network in ("generator", "discriminator") for key in ("lr", "beta1", "beta2")),
)
FILES = published_files()
PLANTED = "planted"


@pytest.mark.parametrize("name", OF_PAPERS)
def test_a_wrong_setting_of_a_single_cell_is_found(name: str) -> None:
    sweep = read(name, "paper")
    known = [facts_of(sweep, trial) for trial in planned(name, "paper")]
    cells = dict.fromkeys(facts["cell"] for facts in known)
    unseen = [
        (cell, key)
        for cell in cells
        for key in COMPARED
        if matters(key, cell, known) and not found(key, cell, name, known)
    ]
    assert unseen == []


def matters(key: str, cell: str, known: list[Facts]) -> bool:
    """Return whether the runs of a cell have a setting; a half-life has no effect beside `ema.beta`."""
    runs = [facts for facts in known if facts["cell"] == cell]
    return any(key in facts and not (key == "ema.half_life_kimg" and facts["ema.beta"]) for facts in runs)


def found(key: str, cell: str, name: str, known: list[Facts]) -> bool:
    """Return whether the comparison notices a wrong setting of one cell."""
    wrong = [{**facts, key: PLANTED} if facts["cell"] == cell and key in facts else facts for facts in known]
    sweep = read(name, "paper").spec.sweep
    return any(one for file in FILES for one in deviations_of(file, sweep, wrong))
