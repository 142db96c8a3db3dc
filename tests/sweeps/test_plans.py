"""Every sweep can be planned at every tier; the paper tier has the number of runs of the paper; trials are shared."""

from collections import Counter
from pathlib import Path

import pytest

from analysis.figures.catalog import FIGURES
from orchestrator.plan.claim_power import powers_of
from orchestrator.sweep.claims import misplaced_claims
from orchestrator.sweep.dropped import dropped, unexplained
from orchestrator.sweep.published_values import misplaced_values
from tests.sweeps.planned import NAMES, OF_PAPERS, OF_PRESETS, ON_LAPTOPS, new, planned, read

TIERS = ("smoke", "mini", "small", "paper")
LAPTOP = "laptop"
"""A further tier of a paper's sweep, where sweeps/laptop has no file of its own for the question."""

RUNS = {
    "ada/fig1_baseline_sizes": 7 * 3,
    "ada/fig3_leak": 26 * 3,
    "ada/fig4_categories": 3 * 6 * 6 + 3,
    "ada/fig5_heuristics": 61 + 27,
    "ada/fig6_ada_sizes": 7 * 3,
    "ada/fig6c_gradients": 2 * 3,
    "ada/fig7_training_set": 58 * 3,
    "ada/fig8a_methods": 27 * 3,
    "ada/fig8b_capacity": 56 * 3,
    "ada/sources": 5,
    "ada/fig9_transfer": 3 * 5 + 12 * 5,
    "ada/freeze_grid": 6 * 5 * 4,
    "ada/fig11a_small_sets": 5 * 6 * 3,
    "ada/fig11b_cifar": 2 * 3 * 5,
    "ada/fig19_biggan": 9 * 4 * 3,
    "ada/fig20_bcr_leak": 2 * 7 * 3,
    "ada/fig21_cumulative": 3 * 7 * 11,
    "ada/gamma_grid": 16,
    "ada/bcr_grid": 2 * 5,
    "diffaugment/ffhq": 5 * 2,
    "diffaugment/lsun_cat": 4 * 2,
    "diffaugment/cifar": 2 * 3 * 2,
    "diffaugment/low_shot": 5 * 2,
    "diffaugment/ablation": 4,
    "diffaugment/smaller": 7 * 2,
    "diffaugment/biggan_cifar": 24,
    "stylegan2/table1_ffhq": 7,
    "stylegan2/table1_car": 7,
    "stylegan2/path_length": 3,
    "stylegan2/cat_images": 2,
    "stylegan2/projection": 4,
    "stylegan2/table2": 9 * 2,
    "stylegan2/table3": 2 * 4,
    "stylegan2/table4": 5,
    "progan/table1": 9 * 2,
    "progan/cifar10": 3 * 3,
    "progan/images": 8,
    "biggan/table1": 9,
    "biggan/table2": 3,
    "biggan/truncation": 3 * 3,
}
SMOKE_RUNS = 15


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_PRESETS])
def test_every_tier_plans(name: str) -> None:
    for tier in read(name).spec.tiers:
        assert planned(name, tier)


@pytest.mark.parametrize("name", OF_PAPERS)
def test_a_sweep_of_a_paper_has_all_tiers_a_question_figures_and_claims(name: str) -> None:
    spec = read(name).spec
    assert tuple(tier for tier in spec.tiers if tier != LAPTOP) == TIERS
    assert spec.question.endswith(")")
    assert spec.figures
    assert spec.claims
    assert set(spec.figures) <= set(FIGURES)


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_means_two_cells_where_the_sweep_is_whole(name: str) -> None:
    sweep = read(name, tier := "paper" if name in OF_PAPERS else "")
    cells = {trial.cell: trial for trial in planned(name, tier)}
    assert list(misplaced_claims(sweep.spec.claims, cells)) == []


@pytest.mark.parametrize("name", OF_PAPERS)
def test_every_published_value_is_of_one_cell_of_the_paper_tier(name: str) -> None:
    cells = {trial.cell: trial for trial in planned(name, "paper")}
    assert list(misplaced_values(read(name, "paper").spec.published, cells)) == []


@pytest.mark.parametrize("name", [*OF_PAPERS, *ON_LAPTOPS, "demo", "turn_up"])
def test_no_tier_leaves_out_a_kind_of_cell_a_figure_or_a_claim_without_a_reason(name: str) -> None:
    whole = "paper" if name in OF_PAPERS else ""
    for tier in read(name).spec.tiers:
        spec = read(name, tier).spec
        found = dropped(read(name, whole).spec, planned(name, whole), spec, planned(name, tier))
        assert unexplained(found, spec.because) == [], tier


def test_a_reason_for_one_axis_explains_its_values_and_nothing_else() -> None:
    found = ["cells.a", "augment.pipe=bg", "augment.pipe=bgc", "figures.ada_fig3", "claims"]
    assert unexplained(found, {"augment.pipe": "slow", "cells.a": "large", "claims": "no seeds"}) == [
        "figures.ada_fig3"
    ]


def test_names_of_sweeps_are_used_once() -> None:
    names = [read(name).spec.sweep for name in NAMES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ON_LAPTOPS)
def test_a_sweep_for_laptops_has_five_seeds_or_a_sequential_verdict_a_control_and_figures(name: str) -> None:
    spec = read(name, "laptop").spec
    seeds = Counter(trial.cell for trial in planned(name, "laptop"))
    assert len(seeds) > 1
    if spec.sequential:
        assert spec.sequential.to > 5
    else:
        assert min(seeds.values()) >= 5
    assert any(claim.startswith("control:") for claim in spec.claims if isinstance(claim, str))
    assert set(spec.figures) <= set(FIGURES)


@pytest.mark.parametrize("name", OF_PAPERS)
def test_the_paper_tier_has_the_runs_of_the_paper_each_once(name: str) -> None:
    trials = planned(name, "paper")
    assert len(trials) == len({trial.id for trial in trials}) == RUNS[name]


@pytest.mark.parametrize("name", OF_PAPERS)
def test_the_smoke_tier_is_a_few_runs_of_seconds_on_the_demo_data(name: str) -> None:
    trials = planned(name, "smoke")
    assert 2 <= len(trials) <= SMOKE_RUNS
    assert {trial.data_path for trial in trials} == {Path("/data/fashion-mnist-10k.zip")}
    assert max(trial.horizon_kimg for trial in trials) <= 0.1


def test_what_other_figures_need_of_fig7_is_not_run_again() -> None:
    fig7 = "ada/fig7_training_set"
    assert new("ada/fig1_baseline_sizes", fig7) == 0
    assert new("ada/fig6_ada_sizes", fig7) == 0
    assert new("ada/fig6c_gradients", "ada/fig1_baseline_sizes", "ada/fig6_ada_sizes") == 0
    assert new("ada/fig8a_methods", fig7) == 69
    assert new("ada/fig8b_capacity", fig7) == 144
    assert new("ada/fig20_bcr_leak", fig7) == 42 - 6 - 6
    assert new("ada/fig9_transfer", fig7) == 60
    assert new("ada/freeze_grid", "ada/fig9_transfer") == 120 - 30
    assert new("ada/fig19_biggan", fig7, "ada/fig8a_methods") == 54


def test_networks_that_are_projected_are_those_of_table_1() -> None:
    assert new("stylegan2/projection", "stylegan2/table1_ffhq", "stylegan2/table1_car") == 0


def test_what_figures_on_fixed_p_share_is_not_run_twice() -> None:
    before = ("ada/fig7_training_set", "ada/fig8a_methods", "ada/fig4_categories")
    assert new("ada/fig4_categories", *before[:2]) == 108
    assert new("ada/fig21_cumulative", *before) == 231 - 2 * 3 * 6
    assert new("ada/fig5_heuristics", *before, "ada/fig21_cumulative") == 61 - 4


def test_the_probes_of_stylegan2_use_networks_trained_for_its_table() -> None:
    assert new("stylegan2/path_length", "stylegan2/table1_ffhq") == 1
    assert new("stylegan2/cat_images", "stylegan2/table3") == 0


def of_laptop(name: str) -> set[str]:
    return {trial.id for trial in planned(name, LAPTOP)}


def test_sweeps_for_laptops_share_the_runs_that_their_questions_have_in_common() -> None:
    few_images, transfer = of_laptop("laptop/few_images"), of_laptop("laptop/transfer")
    assert len(of_laptop("laptop/methods") & few_images) == 20
    assert len(of_laptop("laptop/reals_only") & few_images) == 10
    assert len(of_laptop("laptop/gamma") & few_images) == 5
    assert len(of_laptop("laptop/path_length") & few_images) == 5
    assert len(of_laptop("laptop/freeze") & transfer) == 3 * 3  # three cells, with the seeds that transfer begins with
    assert len(of_laptop("ada/fig7_training_set") & (few_images | of_laptop("laptop/bcr"))) == 50


def test_sharing_saves_a_tenth_of_the_runs_of_the_ada_paper() -> None:
    plans = [planned(name, "paper") for name in OF_PAPERS if name.startswith("ada/")]
    wanted = sum(map(len, plans))
    assert wanted - len({trial.id for trials in plans for trial in trials}) > wanted / 10


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_can_be_decided_or_the_sweep_says_why_not(name: str) -> None:
    for tier in ("", *read(name).spec.tiers):
        sweep = read(name, tier)
        cells = {trial.cell: trial for trial in planned(name, tier)}
        undecidable = [one for one in powers_of(sweep, cells) if not one.is_decidable]
        assert not undecidable or sweep.spec.underpowered or not sweep.states_claims, list(map(str, undecidable))
