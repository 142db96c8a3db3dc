"""What commands and figures say of runs is as it is."""

import signal
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from analysis.claims.verdicts import judge, read_claim, verdict_line
from analysis.figures.catalog import figure_named
from analysis.figures.render import render
from analysis.figures.shapes.sample_grid import SampleGrid
from analysis.results.load import loader
from analysis.synthetic_store import FakeRun, id_of, write_samples, write_store
from orchestrator.cli import main
from orchestrator.store.layout import Store
from orchestrator.supervisor.ending import classify, write_ending
from tests.analysis.stores import loaded
from tests.orchestrator.attempts import new_attempt, new_trial
from trainer.config.job import read_job
from trainer.files import replace_file
from trainer.record import RunDir, RunRecord, State

PAIR = [FakeRun("none", 500, 0), FakeRun("ada", 500, 0)]


def recorded(run: RunDir, state: State, kimg: float = 1.0) -> RunDir:
    """Write the record of a first attempt."""
    new_attempt(run)
    fields = {"attempt": 1, "state": state, "kimg": kimg, "horizon_kimg": 1, "started": 1, "updated": 9, "pid": 7}
    replace_file(run.record(1), RunRecord.model_validate({**fields, "host": "h"}).model_dump_json())
    return run


def test_a_successful_trial_that_printed_nothing_has_logs_that_say_so(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded(new_trial(store), State.DONE)
    assert main(["logs", run.path.name, "--store", str(store.root)]) == 0
    assert "attempt 1 has printed nothing: it is done at 1 of 1 kimg" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("asked", [True, False])
def test_a_run_that_ended_well_has_no_message_of_a_signal(store: Store, number: signal.Signals, asked: bool) -> None:
    run = recorded(new_trial(store), State.DONE)
    job = read_job(run.job(1))
    assert job is not None
    ending = classify(-number, asked_to_stop=asked, cancelled=False)
    written = write_ending(run, job, -number, ending)
    assert (written.state, written.message, written.exit_code) == (State.DONE, "", 0)


def test_kimg_below_one_are_shown_with_their_fraction(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded(new_trial(store), State.FAILED, kimg=0.112)
    for command in ("why", "logs"):
        assert main([command, run.path.name, "--store", str(store.root)]) == 0
        assert "failed at 0.112 " in capsys.readouterr().out


def test_one_run_on_each_side_has_no_interval(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", PAIR, step_kimg=20.0, files=False)
    (judged,) = judge([read_claim("ada < baseline")], loader(store, "synthetic", loaded(store)))
    assert "n=1+1" in verdict_line(judged)
    assert "[" not in verdict_line(judged)


@pytest.mark.parametrize("name", ["fid_curves", "fid_by_size", "ada_p", "ada_rt"])
@pytest.mark.parametrize("seeds", [1, 2])
def test_the_caption_of_one_seed_tells_of_no_band(tmp_path: Path, name: str, seeds: int) -> None:
    runs = [run._replace(seed=seed) for run in PAIR for seed in range(seeds)]
    store = write_store(tmp_path / "store", runs, step_kimg=20.0, files=False)
    caption = render(name, *loaded(store)).provenance.aggregation
    assert ("from minimum to maximum" in caption, "one seed of each cell" in caption) == (seeds > 1, seeds == 1)


def test_sheets_of_other_times_than_their_scores_say_so(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", PAIR, step_kimg=20.0, files=False)
    for run in PAIR:
        write_samples(store.run(id_of(run)), run, tiles=2)
        (store.run(id_of(run)).samples / "fakes-000100000.png").unlink()
    figure = figure_named("samples")
    page = Figure()
    figure.draw(figure.data(*loaded(store)), page.add_subplot())
    titles = [ax.get_title() for ax in page.axes]
    assert any("at 100 kimg (here 40)" in title for title in titles), titles


def test_titles_of_sheets_do_not_run_into_each_other(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", PAIR, step_kimg=20.0, files=False)
    for run in PAIR:
        write_samples(store.run(id_of(run)), run, tiles=2)
    figure = figure_named("samples")
    data = figure.data(*loaded(store))
    assert isinstance(data, SampleGrid)
    long = data._replace(titles=dict.fromkeys(data.titles, "stylegan2 without progressive growing, 4k images"))
    page = Figure(figsize=figure.size(long), layout="constrained")
    figure.draw(long, page.add_subplot())
    page.draw_without_rendering()
    boxes = [ax.title.get_window_extent().padded(-1) for ax in page.axes if ax.get_title()]
    assert len(boxes) == 1 + len(PAIR)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
