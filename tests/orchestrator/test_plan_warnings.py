"""What a plan says of shared trials and of papers: warnings, never refusals."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.commands.benchmark import unmeasured
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.errors import SweepError
from orchestrator.plan.benchmark_file import Benchmark, benchmark_path, shape_key, write_benchmark
from orchestrator.plan.plan_document import write_plan
from orchestrator.store.layout import Store
from orchestrator.sweep.published_settings import published_about, published_files
from tests.orchestrator.test_shared_trials import SWEEP
from tests.orchestrator.test_shared_trials import shared as shared
from tests.support.tiny_sweep import SWEEP as TINY_SWEEP
from trainer.files import append_lines, replace_file
from trainer.record import RunDir

Write = Callable[[str], Path]


def warned(store: Store, file: Path, tier: str = "") -> tuple[str, ...]:
    return plan_sweep(store, Request(file, tier)).cautions


@pytest.mark.parametrize(("every", "lost"), [(1, "1, 3"), (2, ""), (3, "3"), (0.5, "0.5, 1, 1.5, 2.5 kimg and at 2")])
def test_a_plan_tells_which_evaluations_a_shared_trial_can_no_longer_give(
    store: Store, sweep_file: Write, shared: RunDir, every: float, lost: str
) -> None:
    text = SWEEP.format(name="c", horizon=4) + f"watch: {{evaluate_every_kimg: {every}}}\n"
    found = [line for line in warned(store, sweep_file(text)) if "longer intervals" in line]
    assert len(found) == bool(lost)
    assert all(line.startswith(f"no fid2k-lite0 at {lost}") for line in found)
    assert shared.path.exists()


def test_a_warning_says_was_of_one_cell(store: Store, sweep_file: Write, shared: RunDir) -> None:
    text = SWEEP.format(name="c", horizon=4) + "watch: {evaluate_every_kimg: 1}\n"
    (line,) = [line for line in warned(store, sweep_file(text)) if "longer intervals" in line]
    assert ": cell " in line
    assert line.endswith(" was trained with longer intervals and kept no snapshot there")
    assert shared.path.exists()


@pytest.mark.parametrize("values", ["[20, 20.0]", "[20, 20]"])
def test_a_value_listed_twice_is_one_error_and_no_warning(store: Store, sweep_file: Write, values: str) -> None:
    file = sweep_file(TINY_SWEEP.replace("data.subset: [20, 40]", f"data.subset: {values}"))
    with pytest.raises(SweepError, match="is listed twice") as refused:
        plan_sweep(store, Request(file))
    assert [line for line in refused.value.cautions if "share" in line] == []


AXES = {
    "grid: {batch: [20, 40]}": "grid.batch",
    "zip: {batch: [20, 40]}": "zip.batch",
    "cells: {a: {batch: 20}, b: {batch: 40}}": "cells.a.batch",
    "derive: {batch: 2 * 10}": "derive.batch",
}


@pytest.mark.parametrize("axes", AXES)
def test_a_plan_tells_which_values_of_a_tier_have_no_effect(store: Store, sweep_file: Write, axes: str) -> None:
    text = TINY_SWEEP[: TINY_SWEEP.index("grid:")] + TINY_SWEEP[TINY_SWEEP.index("seeds:") :]
    file = sweep_file(f"{text}{axes}\ntiers:\n  small:\n    base: {{batch: 60, ema.half_life_kimg: 1}}\n")
    found = [line for line in warned(store, file, "small") if "has no effect" in line]
    way_out = "override that in the tier, or leave this out"
    assert found == [f"{file}:13: tiers.small.base.batch: has no effect: {AXES[axes]} overrides it; {way_out}"]


@pytest.mark.parametrize(
    "axes",
    [
        "cells: {a: {batch: 20}, b: {}}",
        "derive: {batch: batch / 3}",
        "derive: {batch: 20}\nwhen: [{if: {batch: 60}, set: {micro_batch: 4}}]",
    ],
)
def test_values_that_some_cell_or_expression_uses_have_an_effect(store: Store, sweep_file: Write, axes: str) -> None:
    text = TINY_SWEEP[: TINY_SWEEP.index("grid:")] + TINY_SWEEP[TINY_SWEEP.index("seeds:") :]
    file = sweep_file(f"{text}{axes}\ntiers:\n  small:\n    base: {{batch: 60}}\n")
    assert not [line for line in warned(store, file, "small") if "has no effect" in line]


def test_a_tier_that_overrides_an_axis_too_is_not_warned(store: Store, sweep_file: Write) -> None:
    file = sweep_file(f"{TINY_SWEEP}tiers:\n  small:\n    base: {{augment: ada}}\n    grid: {{augment: [ada]}}\n")
    assert not [line for line in warned(store, file, "small") if "has no effect" in line]


@pytest.mark.parametrize(
    ("first", "warns"), [("ema.half_life_kimg: 1", False), ("objective.r1_gamma: 2 * ema.half_life_kimg", True)]
)
def test_a_derived_value_that_reads_what_a_later_line_changes_is_told(
    store: Store, sweep_file: Write, first: str, warns: bool
) -> None:
    lines = ["ema.half_life_kimg: ema.half_life_kimg / 2", "objective.r1_gamma: 2 * ema.half_life_kimg"]
    later = [line for line in lines if line.partition(":")[0] != first.partition(":")[0]]
    file = sweep_file(f"{TINY_SWEEP}derive:\n  {first}\n  {later[0]}\n")
    found = [line for line in warned(store, file) if "is derived" in line]
    told = "reads ema.half_life_kimg before ema.half_life_kimg is derived, so its value before that; put its line above"
    assert bool(found) == warns
    assert all(f"derive.objective.r1_gamma: {told}" in line for line in found)


def test_what_has_a_snapshot_is_not_lost(store: Store, sweep_file: Write, shared: RunDir) -> None:
    for images in (1000, 3000):
        replace_file(shared.snapshot(images), "")
    text = SWEEP.format(name="c", horizon=4) + "watch: {evaluate_every_kimg: 1}\n"
    assert not [line for line in warned(store, sweep_file(text)) if "longer intervals" in line]


WATCHED = {
    "sample_every_kimg: 1": "no sheet of samples at 1, 2, 3 kimg: ",
    "tick_kimg: 0.5": "no row of p and losses at 0.5, 1.5, 2.5, 3.5 kimg: ",
    "checkpoint_every_kimg: 1, checkpoints_kept: 3": "no checkpoint at 2, 3 kimg: ",
    "checkpoints_kept: 5, checkpoint_every_kimg: 2": "no checkpoint at 2 kimg: ",
    "snapshots_kept: all, evaluate_every_kimg: 2": "no snapshot at 2 kimg: ",
}


@pytest.mark.parametrize("watch", WATCHED)
def test_a_plan_tells_what_a_shared_trial_was_not_asked_to_record_and_keep(
    store: Store, sweep_file: Write, shared: RunDir, watch: str
) -> None:
    for path in ("samples/fakes-000004000.png", f"checkpoints/ckpt-000004000-t0001-{'0' * 16}.safetensors"):
        replace_file(shared.path / path, "")
    replace_file(shared.snapshot(4000), "")
    append_lines(shared.ticks, [{"kimg": float(kimg)} for kimg in range(1, 5)])
    text = SWEEP.format(name="c", horizon=4)
    found = [line for line in warned(store, sweep_file(f"{text}watch: {{{watch}}}\n")) if "longer intervals" in line]
    assert [line.startswith(WATCHED[watch]) for line in found] == [True]
    assert not [line for line in warned(store, sweep_file(text)) if "longer intervals" in line]


def test_what_is_recorded_more_often_than_asked_is_not_lost(store: Store, sweep_file: Write, shared: RunDir) -> None:
    text = (
        SWEEP.format(name="c", horizon=4) + "watch: {sample_every_kimg: 8, tick_kimg: 2, checkpoint_every_kimg: 12}\n"
    )
    assert not [line for line in warned(store, sweep_file(text)) if "longer intervals" in line]
    assert shared.path.exists()


def test_the_paper_tier_of_a_papers_sweep_tells_what_differs(store: Store, sweep_file: Write) -> None:
    name = published_files()[0].table.entries[0].sweep[0]
    text = SWEEP.format(name=name, horizon=1) + "tiers: {paper: {seeds: 1}, other: {seeds: 1}}\n"
    assert [line for line in warned(store, sweep_file(text), "paper") if line.startswith("differs from the paper: ")]
    assert not [line for line in warned(store, sweep_file(text), "other") if "differs from the paper" in line]


def test_only_tables_that_name_a_sweep_are_read() -> None:
    every = published_files()
    for file in every:
        (name, *_) = file.table.entries[0].sweep
        assert file.source.file in [found.source.file for found in published_about(name)]
    assert published_about("a sweep of no paper") == []


BATCHES = {
    "batch: 20, horizon_kimg: 0.02": "",
    "batch: 240, horizon_kimg: 1": "",
    "batch: 2000, horizon_kimg: 1": "one batch of 2,000 images is more than the horizon of 1 kimg: training ends after "
    "it, at 2 kimg",
    "batch: 20, horizon_kimg: 0.001": "one batch of 20 images is more than the horizon of 0.001 kimg: training ends "
    "after it, at 0.02 kimg",
    "batch: 600, horizon_kimg: 1": "a batch of 600 images has each of the 60 training images 10 times",
    "batch: 240, data.subset: 20, horizon_kimg: 1": "a batch of 240 images has each of the 20 training images 12 times",
}


@pytest.mark.parametrize("settings", BATCHES)
def test_a_batch_that_makes_little_sense_is_one_line(store: Store, sweep_file: Write, settings: str) -> None:
    cell = f"{{a: {{preset: tiny32, data: tiny, augment: none, micro_batch: 20, {settings}}}}}"
    text = f"sweep: s\nhorizon_kimg: 1\nmetrics: []\nseeds: 2\ncells: {cell}\n"
    found = [line for line in warned(store, sweep_file(text)) if "batch of" in line]
    assert BATCHES[settings] in [*found, ""]
    assert len(found) == bool(BATCHES[settings]) + ("2000" in settings)


@pytest.mark.parametrize(("content", "why"), [("{", "not JSON"), ("{}", "seconds_per_kimg: Field required")])
def test_a_damaged_benchmark_is_named_and_measured_again(
    store: Store, sweep_file: Write, content: str, why: str
) -> None:
    file = sweep_file(TINY_SWEEP)
    config = plan_sweep(store, Request(file)).trials[0].config
    path = benchmark_path(store.benchmarks, config)

    def shapes() -> set[str]:
        return {shape_key(trial.config) for trial in unmeasured(store, plan_sweep(store, Request(file)))}

    replace_file(path, content)
    (line,) = [line for line in warned(store, file) if str(path) in line]
    assert line == f"{path}: {why}; it counts as not measured: plan with --benchmark, or remove it"
    assert shape_key(config) in shapes()
    write_benchmark(store.benchmarks, config, Benchmark(seconds_per_kimg=9, seconds_per_thousand_evaluated=1))
    assert not [line for line in warned(store, file) if str(path) in line]
    assert shape_key(config) not in shapes()


def test_a_sweep_that_replaces_that_of_another_file_says_what_it_lacks(
    store: Store, sweep_file: Write, tmp_path: Path
) -> None:
    file = sweep_file(TINY_SWEEP)
    plan = plan_sweep(store, Request(file))
    write_plan(store, plan)
    other = tmp_path / "other.yaml"
    other.write_text(TINY_SWEEP.replace("augment: [none, ada]", "augment: [none, {type: fixed, p: 0.5}]"))
    (line,) = [line for line in warned(store, other) if "last run from" in line]
    cells = "cells data.subset=20, augment=ada; data.subset=40, augment=ada"
    assert line.startswith(f"sweep test was last run from {file}, and lacks {cells} of that file: ")
    assert line.endswith("to keep both, rename one of the sweeps")
    other.write_text(TINY_SWEEP.replace("[20, 40]", "[20, 40, 50]"))
    file.write_text(TINY_SWEEP.replace("[20, 40]", "[20]"))
    assert not [line for one in (file, other) for line in warned(store, one) if "last run from" in line]


def test_a_last_plan_that_cannot_be_read_is_told(store: Store, sweep_file: Write) -> None:
    replace_file(store.plan("test"), "{")
    assert [line for line in warned(store, sweep_file(TINY_SWEEP)) if line.startswith(str(store.plan("test")))]
