"""The energy that the papers print comes out of durations and profiles, for `plan` as for `energy`."""

from pathlib import Path
from typing import NamedTuple

import pytest

from analysis.results.energy_ledger import HOURS_PER_YEAR, Factors
from analysis.tables.attempts import SECONDS_PER_HOUR, AttemptRow
from orchestrator.backends.slurm.profile import PROFILES, read_profile
from orchestrator.plan.speed import SpeedEvidence
from tests.support.tiny_sweep import find
from trainer.config.job import Resources
from trainer.config.node_power import NODE_WATTS
from trainer.config.resolve import resolve
from trainer.record import State

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"
GPUS = 8
CONFIG = resolve({"preset": "tiny32"}, find("").description)


class Printed(NamedTuple):
    """A row of the page: GPU-hours and MWh of an item as the paper prints them, and the profile of its nodes."""

    item: str
    duration: str
    gpu_hours: float
    mwh: float
    profile: str


PRINTED = [
    Printed("ADA, the project", "135 GPU-years", 135 * HOURS_PER_YEAR, 325.0, "v100_ada"),
    Printed("StyleGAN2, the project", "about 51 GPU-years", 51 * HOURS_PER_YEAR, 131.61, "v100_stylegan2"),
    Printed("StyleGAN2, configuration F on FFHQ", "9 days 18 h on 8 GPUs", 234.0 * GPUS, 0.68, "v100_full_load"),
]


def ledger_mwh(row: Printed, device_watts: float | None) -> float:
    attempt = AttemptRow(
        trial="", number=1, sweep="", state=State.DONE, seconds=row.gpu_hours / GPUS * SECONDS_PER_HOUR, used=1.0,
        training_seconds=0.0, metrics_seconds=0.0, gpus=GPUS, cpus=GPUS, joules=None, method="none", coverage=0.0,
        device_watts=device_watts,
    )  # fmt: skip
    kwh = Factors().paper_kwh(attempt)
    assert kwh is not None
    return kwh / 1000


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: row.item)
def test_the_energy_that_a_paper_prints_comes_out_of_its_duration_and_profile(row: Printed) -> None:
    node = read_profile(PROFILES / f"{row.profile}.yaml").power
    assert node
    by_ledger = ledger_mwh(row, node.device_watts)
    assert by_ledger == pytest.approx(row.mwh, rel=0.002)

    power = SpeedEvidence({}, {}, node=node).power_of(CONFIG, Resources(gpus=GPUS))
    assert power
    assert power.watts * row.gpu_hours / GPUS / 1e6 == pytest.approx(by_ledger)

    nominal, implied = ledger_mwh(row, None), row.mwh * 1e6 * GPUS / row.gpu_hours
    cells = (
        *(row.item, row.duration, f"{row.mwh:g} MWh", f"`{row.profile}`", f"{node.watts * node.overhead:,.0f} W"),
        *(f"{by_ledger:.4g} MWh", f"{nominal:.4g} MWh", f"{implied:,.0f} W"),
    )
    assert f"| {' | '.join(cells)} |" in PAGE.read_text(encoding="utf-8")


def test_without_a_profile_plan_and_ledger_take_one_nominal_node() -> None:
    power = SpeedEvidence({}, {}).power_of(CONFIG, Resources(gpus=GPUS))
    assert power
    assert power.watts == NODE_WATTS
    assert ledger_mwh(PRINTED[0], None) == pytest.approx(NODE_WATTS * PRINTED[0].gpu_hours / GPUS / 1e6)


def test_the_overhead_of_a_profile_multiplies_the_power_of_its_node(tmp_path: Path) -> None:
    file = tmp_path / "cooled.yaml"
    file.write_text("power: {watts: 2000, devices: 4, overhead: 1.5}\n")
    node = read_profile(file).power
    assert node
    assert node.device_watts == 750.0
    power = SpeedEvidence({}, {}, node=node).power_of(CONFIG, Resources(cpus=2))
    assert power == (1500.0, 2.0, "the profile's node")
