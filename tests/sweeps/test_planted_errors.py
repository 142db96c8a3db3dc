"""An error planted in a copy of a paper sweep is found by the comparison with the published settings."""

# ruff: noqa: E501

import re
import shutil
from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.deviations import deviations, facts_of
from orchestrator.sweep.expand import expand
from orchestrator.sweep.published_settings import published_files, read_published
from orchestrator.sweep.reader import read_sweep
from tests.sweeps.planned import OF_PAPERS, copied_sweeps, find, planned, read
from tests.sweeps.planted import KINDS, plant

GAMMA_256 = ("base: {preset: paper256", "base: {objective.r1_gamma: 0.5, preset: paper256")
WIDTH_256 = ("base: {preset: paper256", "base: {generator.channel_base: 8192, preset: paper256")
FFHQ_SIZES = ("zip:\n  data.subset: [1000, 5000,", "zip:\n  data.subset: [2000, 5000,")

TABLES = published_files()
PLANTED = [
    *(("ada/" + name, *GAMMA_256, "objective.r1_gamma") for name in ("fig1_baseline_sizes", "fig3_leak", "fig4_categories")),
    *(("ada/" + name, *GAMMA_256, "objective.r1_gamma") for name in ("fig5_heuristics", "fig6_ada_sizes", "fig7_training_set")),
    *(("ada/" + name, *GAMMA_256, "objective.r1_gamma") for name in ("fig8b_capacity", "fig20_bcr_leak", "fig21_cumulative")),
    *(("ada/" + name, *WIDTH_256, "generator.channel_base") for name in ("fig1_baseline_sizes", "fig3_leak", "gamma_grid")),
    *(("ada/" + name, *WIDTH_256, "generator.channel_base") for name in ("fig6_ada_sizes", "fig8a_methods", "fig21_cumulative")),
    ("ada/fig6_ada_sizes", *FFHQ_SIZES, "images"),
    ("ada/fig4_categories", "data.subset: [2000, ", "data.subset: [5000, ", "images"),
    ("ada/fig8a_methods", "data.subset: [2000, ", "data.subset: [5000, ", "images"),
    ("ada/fig21_cumulative", "0.9, 1]\nwhen", "0.9]\nwhen", "ada_fig21"),
    ("ada/fig8a_methods", "generator.precision.conv_clamp: null, ", "", "generator.precision.conv_clamp"),
    ("ada/fig9_transfer", "set: {horizon_kimg: 25000}", "set: {horizon_kimg: 5000}", "horizon_kimg"),
    ("ada/fig11a_small_sets", "preset: paper1024", "preset: paper512", "objective.r1_gamma"),
    ("ada/fig11a_small_sets", "preset: paper512}", "preset: paper512, objective.r1_gamma: 0.25}", "objective.r1_gamma"),
    ("ada/fig11b_cifar", "tuned: {preset: cifar,", "tuned: {preset: cifarbaseline,", "generator.mapping_layers"),
    ("ada/fig19_biggan", "{preset: stylegan2}", "{preset: stylegan2, objective.r1_gamma: 5}", "objective.r1_gamma"),
    ("ada/bcr_grid", "&10 {type: bcr}", "&10 {type: bcr, real_weight: 5}", "methods.bcr.real_weight"),
    ("ada/fig20_bcr_leak", "{type: bcr, transform: flip}", "{type: bcr, transform: flip, real_weight: 5}", "methods.bcr.real_weight"),
    ("stylegan2/table1_ffhq", "{preset: stylegan2-f}", "{preset: stylegan2-f, objective.r1_gamma: 5}", "objective.r1_gamma"),
    ("stylegan2/table1_car", "{preset: stylegan2-f}", "{preset: stylegan2-f, generator.channel_base: 16384}", "generator.channel_base"),
    ("stylegan2/table1_car", "horizon_kimg: 57000", "horizon_kimg: 25000", "horizon_kimg"),
    ("stylegan2/table1_ffhq", "evaluation_seeds: 10", "evaluation_seeds: 1", "evaluation_seeds"),
    ("stylegan2/table2", "base: {preset: stylegan2-e}", "base: {preset: stylegan2-e, objective.r1_gamma: 50}", "objective.r1_gamma"),
    ("stylegan2/table3", "lsun-church-256, lsun-horse-256]}, set: {objective.r1_gamma: 100}", "lsun-church-256, lsun-horse-256]}, set: {objective.r1_gamma: 50}", "objective.r1_gamma"),
    ("stylegan2/table3", "lsun-cat-256, lsun-church-256, lsun-horse-256]\nwhen", "lsun-church-256, lsun-horse-256]\nwhen", "data"),
    ("stylegan2/table4", "generator.demodulate: false", "generator.demodulate: true", "generator.demodulate"),
    ("stylegan2/cat_images", "base: {data: lsun-cat-256}", "base: {data: ffhq-256}", "data"),
    ("stylegan2/path_length", "snapshots_kept: all, ", "", "watch.snapshots_kept"),
    ("diffaugment/ffhq", "generator.channel_base: 16384", "generator.channel_base: 8192", "generator.width.256"),
    ("diffaugment/ffhq", "objective.r1_gamma: 1,", "objective.r1_gamma: 0.5,", "objective.r1_gamma"),
    ("diffaugment/lsun_cat", "[30000, 10000, 5000, 1000]", "[30000, 10000, 1000]", "data.subset"),
    ("diffaugment/cifar", "objective.r1_gamma: 0.1", "objective.r1_gamma: 0.05", "objective.r1_gamma"),
    ("diffaugment/ablation", "generator.channel_base: 4096", "generator.channel_base: 2048", "generator.width.32"),
    ("diffaugment/low_shot", "objective.r1_gamma: 10", "objective.r1_gamma: 5", "objective.r1_gamma"),
    ("diffaugment/biggan_cifar", "generator.channels: 64", "generator.channels: 32", "generator.channels"),
    ("progan/table1", "generator.channel_base: 4096, ", "generator.channel_base: 2048, ", "generator.channel_base"),
    ("progan/table1", "horizon_kimg: 10000", "horizon_kimg: 12000", "horizon_kimg"),
    ("ada/fig6c_gradients", "cells:\n", "base: {ema.half_life_kimg: 10}\ncells:\n", "ema.half_life_kimg"),
    ("ada/fig9_transfer", "cell: lsundog-256}, discriminator.frozen_layers: 10", "cell: lsundog-256}, discriminator.frozen_layers: 13", "discriminator.frozen_layers"),
    ("ada/fig9_transfer", "{sweep: ada/sources, cell: ffhq-256}", "{sweep: ada/sources, cell: celebahq-256}", "transfer"),
    ("ada/fig11a_small_sets", "score: kid50k_full", "score: kid50k_full\nevaluation_seeds: 3", "evaluation_seeds"),
    ("ada/fig11b_cifar", "score: fid50k_full", "score: fid10k_test", "score"),
    ("diffaugment/low_shot", "data.mirror: true", "data.mirror: false", "data.mirror"),
    ("diffaugment/ffhq", "base: {preset: stylegan2,", "base: {preset: stylegan2, generator.mapping_layers: 2,", "generator.mapping_layers"),
    ("progan/table1", "detector: inception:inception-2015-12-05.pt", "detector: lite0", "detector"),
    ("stylegan2/cat_images", "base: {data: lsun-cat-256}", "base: {data: lsun-cat-256, batch: 64}", "batch"),
    ("stylegan2/cat_images", "horizon_kimg: 88000", "horizon_kimg: 25000", "horizon_kimg"),
    ("stylegan2/projection", "faces: {preset: stylegan2-f, data: ffhq-1024", "faces: {preset: stylegan2-f, generator_optimizer.lr: 0.001, data: ffhq-1024", "generator_optimizer.lr"),
    ("biggan/table1", "  generator.statistics: batch}", "  generator.statistics: micro-batch}", "generator.statistics"),
    ("biggan/truncation", "{methods: orthogonal}", "{methods: []}", "methods"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "key"), PLANTED)
def test_a_planted_error_is_found(tmp_path: Path, name: str, old: str, new: str, key: str) -> None:
    copied = Path(shutil.copytree(copied_sweeps(), tmp_path / "sweeps"))
    file = copied / f"{name}.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    sweep = read_sweep(file, "paper")
    found = [one for table in TABLES for one in deviations(table, sweep, expand(sweep, find))]
    assert key in {one.problem.key for one in found}
    assert all(re.search(r"published/\w+\.yaml:\d+: ", str(one)) for one in found)


DOES_NOT_FIT = "does not fit: generator.widths"
"""How a sweep is refused whose networks are narrower than those they start from."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OF_PAPERS)
def test_every_kind_of_error_is_found_in_every_sweep_of_a_paper(tmp_path: Path, name: str, kind: str) -> None:
    copied = Path(shutil.copytree(copied_sweeps(), tmp_path / "sweeps"))
    file, whole = copied / f"{name}.yaml", read(name, "paper")
    plant(file, kind, [facts_of(whole, trial) for trial in planned(name, "paper")])
    assert _found(file)


def _found(file: Path) -> list[str]:
    try:
        sweep = read_sweep(file, "paper")
        return [str(one) for table in TABLES for one in deviations(table, sweep, expand(sweep, find))]
    except SweepError as refused:
        return [line for line in str(refused).splitlines() if DOES_NOT_FIT in line]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("paper: P\nentries:\n- {sweep: s, evidence: X, source: T}\n", ":3: entries[0].evidence: 'X' is not one of: S, C, P, M"),
        ("paper: P\nentries:\n- sweep: s\n  evidence: S\n  says: {a: 1}\n", ":3: entries[0].source: is missing"),
        ("paper: P\nentries:\n- {sweep: s, evidence: S, source: T, sais: {}}\n", ":3: entries[0].sais: "),
    ],
)  # fmt: skip
def test_a_table_that_makes_no_sense_is_refused_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(SweepError) as error:
        read_published(tmp_path / "p.yaml")
    assert expected in str(error.value)


def test_a_misspelt_setting_of_a_table_is_found_with_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "paper: P\nentries:\n- sweep: ada_fig1\n  evidence: M\n  source: T\n  says:\n    generator.chanel_base: 1\n"
    )
    sweep = read_sweep(copied_sweeps() / "ada" / "fig1_baseline_sizes.yaml", "paper")
    (found,) = deviations(read_published(tmp_path / "p.yaml"), sweep, expand(sweep, find))
    assert not found.is_proven
    assert "p.yaml:7" in found.problem.place
    assert "did you mean 'generator.channel_base'?" in found.problem.text
