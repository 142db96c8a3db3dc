"""Transfers that name a trial: which one, its part in the id, and what is refused before anything runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep, read_sweep
from orchestrator.sweep.trial import Source, Trial
from tests.support.tiny_sweep import find
from trainer.config.identity import canonical, trial_id
from trainer.config.training import TransferFromTrial

HEAD = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 2\n"
WATCH = "watch: {evaluate_every_kimg: 0.5, snapshots_kept: all}\n"
CELLS = "cells:\n  a: {augment: none}\n"
OTHER = HEAD.replace("sweep: s", "sweep: other") + WATCH + CELLS
Read = Callable[..., Sweep]


def trials_of(directory: Path, cells: str, rest: str = "", tier: str = "") -> list[Trial]:
    file = directory / "sweep.yaml"
    file.write_text(HEAD + CELLS + cells + rest)
    return expand(read_sweep(file, tier), find)


def source_of(trial: Trial) -> Source:
    assert trial.source
    return trial.source


def test_a_transfer_names_a_cell_and_its_id_is_that_of_source_and_moment(tmp_path: Path) -> None:
    source, dependent = trials_of(tmp_path, "  b: {transfer: {cell: a}}\n")
    assert dependent.config.transfer == TransferFromTrial(trial=source.id, kimg=source.horizon_kimg)
    assert source_of(dependent).trial == source
    assert dependent.id == trial_id(dependent.config)
    assert canonical(dependent.config).endswith(f'"transfer":{{"kimg":2.0,"trial":"{source.id}"}}}}')
    assert dependent.transfer_path is None


def test_the_moment_is_part_of_the_id(tmp_path: Path) -> None:
    cells = "".join(f"  c{i}: {{transfer: {{cell: a, at: {at}}}}}\n" for i, at in enumerate(("last", "best", 0.5, 2)))
    *_, last, best, half, two = trials_of(tmp_path, cells, WATCH)
    assert last.id == two.id
    assert len({last.id, best.id, half.id}) == 3
    assert source_of(best).snapshot.best_by == "fid2k-lite0"
    assert source_of(half).snapshot.kimg == half.config.whole_iterations(0.5)


def test_another_horizon_of_the_source_is_another_moment(tmp_path: Path) -> None:
    _, before = trials_of(tmp_path, "  b: {transfer: {cell: a}}\n")
    longer = (tmp_path / "sweep.yaml").read_text().replace("horizon_kimg: 2", "horizon_kimg: 4")
    (tmp_path / "sweep.yaml").write_text(longer)
    source, after = expand(read_sweep(tmp_path / "sweep.yaml"), find)
    assert source_of(before).trial.id == source.id
    assert before.id != after.id


def test_all_seeds_start_from_the_first_of_the_source_unless_said_otherwise(tmp_path: Path) -> None:
    cells = "  b: {transfer: {cell: a}}\n  c: {transfer: {cell: a, seed: same}}\n  d: {transfer: {cell: a, seed: 7}}\n"
    trials = trials_of(tmp_path, cells, "seeds: [3, 4]\n")
    assert [(trial.name, source_of(trial).trial.seed) for trial in trials[2:]] == [
        *(("b", 3), ("b", 3)),
        *(("c", 3), ("c", 4)),
        *(("d", 7), ("d", 7)),
    ]


def test_of_several_cells_it_is_the_one_at_the_same_place_on_the_axes(tmp_path: Path) -> None:
    trials = trials_of(tmp_path, "  b: {transfer: {cell: a}}\n", "grid: {data.subset: [20, 40]}\n")
    assert [source_of(trial).trial.config.data.subset for trial in trials if trial.name == "b"] == [20, 40]


@pytest.mark.parametrize("name", ["other.yaml", "OTHER.YAML", "other.Yml"])
def test_a_source_is_a_cell_of_another_sweep_trained_as_that_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(OTHER)
    _, dependent = trials_of(tmp_path, f"  b: {{transfer: {{sweep: {name}, cell: a, at: 0.5}}}}\n")
    source = source_of(dependent)
    assert source.sweep.spec.watch.evaluate_every_kimg == 0.5
    assert source.trial.id == expand(read_sweep(tmp_path / name), find)[0].id


def test_the_tier_of_the_source_is_that_of_the_sweep_unless_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(OTHER + "tiers: {small: {horizon_kimg: 1}}\n")
    cells = "  b: {transfer: {sweep: other.yaml, cell: a}}\n  c: {transfer: {sweep: other.yaml, cell: a, tier: ''}}\n"
    _, b, c = trials_of(tmp_path, cells, "tiers: {small: {}}\n", "small")
    assert source_of(b).snapshot.kimg < source_of(c).snapshot.kimg


def test_parts_of_a_transfer_may_be_set_apart_and_be_axes(tmp_path: Path) -> None:
    cells = "  b: {transfer.cell: a}\n"
    trials = trials_of(tmp_path, cells, WATCH + "when: [{if: {transfer.cell: a}, grid: {transfer.at: [0.5, 1]}}]\n")
    assert [round(source_of(trial).snapshot.kimg, 1) for trial in trials[1:]] == [0.5, 1]


def test_sources_may_have_sources(tmp_path: Path) -> None:
    a, b, c = trials_of(tmp_path, "  b: {transfer: {cell: a}}\n  c: {transfer: {cell: b}, augment: ada}\n")
    assert source_of(c).trial.id == b.id
    assert source_of(source_of(c).trial).trial.id == a.id


def test_a_run_that_starts_from_a_trial_has_the_settings_of_transfers(tmp_path: Path) -> None:
    scratch, transfer = trials_of(tmp_path, "  b: {transfer: {cell: a}}\n")
    assert (scratch.config.ema.rampup, transfer.config.ema.rampup) == (0.05, None)


@pytest.mark.parametrize(
    ("cells", "line", "told"),
    [
        ("  b: {transfer: {cell: aa}}\n", 6, "'aa' is not under `cells` of s; did you mean 'a'?"),
        ("  b: {transfer: {cel: a}}\n", 6, "is not a setting; did you mean 'transfer.cell'?"),
        ("  b: {transfer: {cell: a, at: 3}}\n", 6, "3 kimg is beyond the end of the source, 2 kimg"),
        ("  b: {transfer: {cell: a, at: 1.3}}\n", 6, "evaluations of the source come every 0.5 kimg"),
        ("  b: {transfer: {cell: a, at: lsat}}\n", 6, "at: 'lsat' is not one of: last, best; did you mean 'last'?"),
        ("  b: {transfer: {cell: b}}\n", 6, "b starts, in the end, from itself (cell b)"),
        ("  b: {transfer: {cell: c}}\n  c: {transfer: {cell: b}}\n", 6, "starts, in the end, from itself"),
        ("  b: {transfer: {cell: a}, generator.mapping_layers: 8}\n", 6, "mapping_layers 2 there and 8 here"),
        ("  b: {transfer: {cell: a}, discriminator.channel_base: 256}\n", 6, "discriminator.widths"),
        ("  b: {transfer: {}}\n", 6, "'' is not under `cells`"),
        ("  b: {transfer: {trial: 0123456789ab}}\n", 6, "is found out from the source"),
        ("  b: {transfer: {sweep: nowhere.yaml, cell: a}}\n", 6, "nowhere.yaml: file: No such file"),
        ("  b: {transfer: {sweep: ada/fig77, cell: a}}\n", 6, "no sweep is called 'ada/fig77'"),
        (
            "  b: {transfer: {sweep: other.yaml, cell: aa}}\n",
            6,
            "'aa' is not under `cells` of other; did you mean 'a'?",
        ),
        ("  b: {transfer: {sweep: other.yaml, cell: a, tier: big}}\n", 6, "has no tier 'big'"),
        ("  b: {transfer: {sweep: wrong.yaml, cell: a}}\n", 6, "wrong.yaml:5: base.batch"),
    ],
)
def test_what_cannot_be_is_told_at_its_line(tmp_path: Path, cells: str, line: int, told: str) -> None:
    (tmp_path / "other.yaml").write_text(OTHER)
    (tmp_path / "wrong.yaml").write_text(OTHER.replace("data: tiny}", "data: tiny,\n\n\n  batch: 7}"))
    with pytest.raises(SweepError) as error:
        trials_of(tmp_path, cells, WATCH)
    assert f"sweep.yaml:{line}: " in str(error.value)
    assert told in str(error.value)


def test_a_cycle_over_two_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(OTHER + "  b: {transfer: {sweep: sweep.yaml, cell: b}}\n")
    with pytest.raises(SweepError, match=r"sweep\.yaml:6: .*other\.yaml:7: .*starts, in the end, from itself"):
        trials_of(tmp_path, "  b: {transfer: {sweep: other.yaml, cell: b}}\n")


def test_several_cells_that_could_be_meant_are_named(tmp_path: Path) -> None:
    when = "when: [{if: {augment: none}, grid: {data.subset: [20, 40]}}]\n"
    with pytest.raises(SweepError, match=r"'a' is 2 cells \(a, data.subset=20; a, data.subset=40\)"):
        trials_of(tmp_path, "  b: {augment: ada, transfer: {cell: a}}\n", when)


def test_a_moment_that_is_not_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"set watch\.snapshots_kept: all there"):
        trials_of(tmp_path, "  b: {transfer: {cell: a, at: 0.5}}\n", "watch: {evaluate_every_kimg: 0.5}\n")
    with pytest.raises(SweepError, match="no best snapshot where `metrics` is empty"):
        trials_of(tmp_path, "  b: {transfer: {cell: a, at: best}}\n", "metrics: []\n")


def test_the_best_snapshot_of_a_source_is_that_by_its_score(tmp_path: Path) -> None:
    text = "metrics: [fid2k, kid2k]\nscore: kid2k\n"
    _, dependent = trials_of(tmp_path, "  b: {transfer: {cell: a, at: best}}\n", text)
    assert isinstance(dependent.config.transfer, TransferFromTrial)
    assert dependent.config.transfer.best_by == "kid2k-lite0"


def test_a_cell_of_the_other_sweep_that_is_not_asked_for_may_be_wrong_here(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(OTHER + "  b: {data: ./nowhere, batch: 7}\n")
    _, dependent = trials_of(tmp_path, "  b: {transfer: {sweep: other.yaml, cell: a}}\n")
    assert source_of(dependent).trial.name == "a"
