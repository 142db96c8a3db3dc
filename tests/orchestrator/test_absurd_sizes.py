"""Absurd sizes are refused in one line each, and planning them takes neither memory nor time."""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.plan.memory import least_gib
from orchestrator.store.layout import Store
from tests.support.tiny_sweep import find
from trainer.config.presets.official import PRESETS
from trainer.config.resolve import resolve

Write = Callable[[str], Path]
Capture = pytest.CaptureFixture[str]
HEAD = "sweep: s\nmetrics: [fid50]\n"

ABSURD = [
    ("base: {preset: tiny32, data: tiny, generator.z_dim: 9999999999}\nhorizon_kimg: 1\n", "generator.z_dim"),
    ("base: {preset: tiny32, data: tiny, generator.mapping_layers: 10000000}\nhorizon_kimg: 1\n", "mapping_layers"),
    ("base: {preset: tiny32, data: tiny, batch: 1000000000}\nhorizon_kimg: 1\n", "base.batch"),
    (
        "base: {preset: tiny32, data: tiny, generator.channel_max: 1000000, generator.channel_base: 1000000}\n"
        "horizon_kimg: 1\n",
        "generator.channel_max: training needs",
    ),
    (
        "base: {preset: tiny32, data: tiny, batch: 1048576, micro_batch: 1048576}\nhorizon_kimg: 1\n",
        "training needs",
    ),
    ("base: {preset: tiny32, data: tiny}\nhorizon_kimg: 1e300\n", "horizon_kimg"),
    (
        "base: {preset: tiny32, data: tiny}\ncells: {a: {horizon_kimg: 1e300}}\nhorizon_kimg: 1\n",
        "cells.a.horizon_kimg",
    ),
    ("base: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nseeds: 1000000000\n", "seeds"),
    ("base: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nwatch: {evaluate_every_kimg: 1e-300}\n", "evaluate_every"),
    ("base: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nwatch: {sheet_columns: 1000000}\n", "sheet_columns"),
    ("base: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nresources: {cpus: 1000000000}\n", "resources.cpus"),
    ("base: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nresources: {memory_gib: 1.0e+300}\n", "memory_gib"),
    ("base: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nstop: {type: asha, factor: 1.0000000001}\n", "factor"),
    (
        "base: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n"
        "search: {trials: 1000000000, space: {batch: {choice: [32]}}}\n",
        "search.trials",
    ),
    (
        "base: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nseeds: 10000\n"
        "search: {trials: 100000, space: {batch: {choice: [32]}}}\n",
        "makes up to 1,000,000,000 trials",
    ),
]


@pytest.mark.parametrize(("text", "told"), ABSURD)
def test_an_absurd_size_is_refused_in_one_line(
    store: Store, sweep_file: Write, capsys: Capture, text: str, told: str
) -> None:
    started = time.process_time()
    tracemalloc.start()
    assert main(["plan", str(sweep_file(HEAD + text)), "--store", str(store.root)]) == 2
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert most < 200e6
    assert time.process_time() - started < 30


@pytest.mark.parametrize("name", ["fid9999999k", "fid" + "9" * 5000])
def test_a_metric_of_too_many_images_is_refused(store: Store, sweep_file: Write, capsys: Capture, name: str) -> None:
    text = f"sweep: s\nbase: {{preset: tiny32, data: tiny}}\nhorizon_kimg: 1\nmetrics: [{name}]\n"
    assert main(["plan", str(sweep_file(text)), "--store", str(store.root)]) == 2
    assert "asks for too many images" in capsys.readouterr().err


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_fits_in_the_memory_that_it_was_made_for(preset: str) -> None:
    description = find("").description.model_copy(update={"resolution": 128 if preset == "biggan" else 32})
    config = resolve({"preset": preset}, description)
    assert least_gib(config) < 16
