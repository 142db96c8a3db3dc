"""The report compares actual times of attempts and runs with their estimates."""

from pathlib import Path
from typing import Any

from analysis.report.report import write_report
from analysis.results.energy_ledger import Factors
from analysis.results.expected import rows_of, runs_of
from analysis.synthetic_store import id_of
from analysis.tables.collect import collect
from analysis.tables.plan_file import read_plan
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE
from trainer.config.job import Estimate, Job
from trainer.config.options import RunOptions
from trainer.config.sweep_run import SweepRun
from trainer.files import append_lines, replace_file
from trainer.record import State, read_record

OPTIONS = RunOptions(horizon_kimg=1, data_path=Path("d"), cache_dir=Path("c"))
ESTIMATE = Estimate(seconds=3600, low=1800, high=7200, plain=3600, kind="history", made=1.0)


def estimated(store: ResultStore, which: int, seconds: float, *, sweep: str = "synthetic", **changes: Any) -> str:
    run = store.run(id_of(WHOLE[which]))
    record = read_record(run.record(1))
    assert record is not None
    times = {"began": 0.0, "started": 60.0, "updated": seconds, "state": State.DONE}
    replace_file(run.record(1), record.model_copy(update={**times, **changes}).model_dump_json())
    replace_file(run.job(1), Job(attempt=1, token=1, options=OPTIONS, sweep=sweep, estimate=ESTIMATE).model_dump_json())
    return next(cell.cell for cell in read_plan(store, "synthetic").cells if cell.trial == run.path.name)


def test_complete_attempts_are_compared_with_their_estimates(store: ResultStore) -> None:
    cell = estimated(store, 0, 5400.0)
    assert rows_of(store, read_plan(store, "synthetic")) == [[cell, "1", "1.5", "1", "0.5", "2", "1 of 1"]]
    uncounted: tuple[dict[str, Any], ...] = ({"state": State.FAILED}, {"diverged": True}, {"sweep": "other"})
    for index, changes in enumerate(uncounted, 1):
        estimated(store, index, 9000.0, **changes)
    assert len(rows_of(store, read_plan(store, "synthetic"))) == 1


def test_a_total_row_follows_the_cells(store: ResultStore) -> None:
    for index in range(len(WHOLE)):
        estimated(store, index, 9000.0)
    rows = rows_of(store, read_plan(store, "synthetic"))
    assert len(rows) > 2
    assert rows[-1][:3] == ["all", str(len(WHOLE)), f"{2.5 * len(WHOLE):.3g}"]
    assert rows[-1][-1] == f"0 of {len(WHOLE)}"


def test_the_report_shows_the_table_or_that_nothing_was_estimated(store: ResultStore, tmp_path: Path) -> None:
    collect(store)
    page = tmp_path / "report.html"
    write_report(store, ["synthetic"], page, Factors())
    assert "Nothing was estimated." in page.read_text()
    run = SweepRun(ended=9.0, backend="local", attempts=4, seconds=7201.0, around=10.0, estimate=ESTIMATE)
    append_lines(store.plan("synthetic").with_name("runs.jsonl"), [run.model_dump(mode="json")])
    assert runs_of(store, "synthetic") == [["run 1", "4", "2", "1", "0.5", "2", "0 of 1"]]
    write_report(store, ["synthetic"], page, Factors())
    assert "Expected and actual time" in page.read_text()
    assert "run 1" in page.read_text()
