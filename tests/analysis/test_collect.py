import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from analysis.errors import ResultStoreError
from analysis.results.load import load
from analysis.synthetic_store import FakeRun, id_of, score_line, tick_line, write_store, write_trial
from analysis.tables.collect import collect
from analysis.tables.csv_export import export_csv
from analysis.tables.schema import SCHEMAS, is_current, read_table, shard_path
from analysis.tables.store import ResultStore
from trainer.files import append_lines

RUN = FakeRun("ada", 500, 0)


@pytest.fixture
def one(tmp_path: Path) -> ResultStore:
    return write_store(tmp_path / "store", [RUN], step_kimg=20.0)


def rows(store: ResultStore, table: str) -> list[dict[str, Any]]:
    paths = sorted((store.tables / table).glob("*.parquet"))
    return [row for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]


def test_tables_have_the_typed_columns_of_the_schema(store: ResultStore) -> None:
    collect(store)
    for table, schema in SCHEMAS.items():
        written = pq.read_schema(next((store.tables / table).glob("*.parquet")))
        assert written.names == schema.names
        assert [field.type.id for field in written] == [field.type.id for field in schema]
        assert is_current(written)


def test_every_trial_is_one_run_with_all_its_rows(store: ResultStore) -> None:
    found = collect(store)
    assert (found.trials, found.read, found.removed, found.skipped) == (12, 12, 0, [])
    assert len(rows(store, "runs")) == 12
    assert len(rows(store, "metrics")) == len(rows(store, "ticks")) == 12 * 5


def test_second_collection_reads_nothing_and_only_a_changed_trial_after_that(store: ResultStore) -> None:
    collect(store)
    assert collect(store).read == 0
    append_lines(store.run(id_of(RUN)).metrics, [score_line(RUN, 120.0)])
    assert collect(store).read == 1
    assert len(rows(store, "metrics")) == 12 * 5 + 1


def test_incremental_collection_equals_one_from_scratch(store: ResultStore) -> None:
    collect(store)
    append_lines(store.run(id_of(RUN)).metrics, [score_line(RUN, 120.0)])
    collect(store)
    step_by_step = {table: rows(store, table) for table in SCHEMAS}
    for path in store.tables.rglob("*.parquet"):
        path.unlink()
    collect(store)
    assert {table: rows(store, table) for table in SCHEMAS} == step_by_step


def test_tables_of_another_schema_version_are_not_read(one: ResultStore) -> None:
    collect(one)
    path = next((one.tables / "runs").glob("*.parquet"))
    pq.write_table(pq.read_table(path, partitioning=None).replace_schema_metadata({}), path)
    with pytest.raises(ResultStoreError, match="run adasweep collect"):
        read_table(one.tables, "runs", ["trial"], [id_of(RUN)])


def test_tables_of_another_schema_version_are_rebuilt(one: ResultStore) -> None:
    collect(one)
    path = shard_path(one.tables, "runs", id_of(RUN)[:2])
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.replace_schema_metadata({b"adasweep:schema": b"0"}), path)
    assert collect(one).read == 1


def of_version_7(path: Path) -> None:
    table = pq.read_table(path, partitioning=None)
    earlier = table.drop_columns([table.column_names[-1]])
    pq.write_table(earlier.replace_schema_metadata({**table.schema.metadata, b"adasweep:schema": b"7"}), path)


def linked(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


SPOILT: dict[str, Callable[[Path], object]] = {
    "of an earlier version": of_version_7,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": Path.unlink,
    "a pipe": piped,
    "a link to nowhere": lambda path: linked(path, "nowhere"),
    "a link to itself": lambda path: linked(path, path.name),
    "a link to too long a name": lambda path: linked(path, "x" * 300),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("names", [[name] for name in SCHEMAS] + [list(SCHEMAS)], ids="+".join)
def test_tables_that_are_not_as_they_were_collected_are_collected_anew(
    one: ResultStore, names: list[str], spoil: Callable[[Path], object]
) -> None:
    collect(one)
    whole = {name: rows(one, name) for name in SCHEMAS}
    for name in names:
        spoil(shard_path(one.tables, name, id_of(RUN)[:2]))
    assert collect(one).read == 1
    assert {name: rows(one, name) for name in SCHEMAS} == whole


@pytest.mark.parametrize("name", ["metrics", "ticks"])
def test_a_table_of_an_earlier_state_of_the_trial_is_not_used_beside_the_others(one: ResultStore, name: str) -> None:
    path = shard_path(one.tables, name, id_of(RUN)[:2])
    collect(one)
    earlier = path.read_bytes()
    append_lines(one.run(id_of(RUN)).metrics, [score_line(RUN, 120.0)])
    append_lines(one.run(id_of(RUN)).ticks, [tick_line(RUN, 120.0)])
    collect(one)
    whole = rows(one, name)
    path.write_bytes(earlier)
    collect(one)
    assert rows(one, name) == whole


def test_a_table_that_is_damaged_inside_is_named_with_the_way_out(one: ResultStore) -> None:
    collect(one)
    path = shard_path(one.tables, "metrics", id_of(RUN)[:2])
    content = bytearray(path.read_bytes())
    content[8:60] = bytes(52)
    path.write_bytes(content)
    for read in (load, lambda store, _: export_csv(store)):
        with pytest.raises(ResultStoreError, match=r"cannot be read \(.*\); remove it, then run adasweep collect"):
            read(one, "synthetic")


def test_last_line_per_kimg_and_key_wins(one: ResultStore) -> None:
    again = {**score_line(RUN, 40.0), "attempt": 2, "value": 1.5}
    append_lines(one.run(id_of(RUN)).metrics, [again])
    collect(one)
    values = {row["kimg"]: (row["value"], row["attempt"]) for row in rows(one, "metrics")}
    assert values[40.0] == (1.5, 2)
    assert len(values) == 5


def test_a_value_of_a_wrong_type_is_null_and_the_rest_stays(one: ResultStore) -> None:
    odd = {**score_line(RUN, 120.0), "num_real": "many", "seconds": "1.5"}
    append_lines(one.run(id_of(RUN)).metrics, [odd])
    collect(one)
    values = {
        row["kimg"]: (row["num_real"], row["evaluation_seconds"], row["num_generated"]) for row in rows(one, "metrics")
    }
    assert (values[100.0], values[120.0]) == ((2000, 2.0, 2000), (None, None, 2000))


def test_torn_lines_are_skipped_and_listed(one: ResultStore) -> None:
    directory = one.run(id_of(RUN))
    with directory.metrics.open("a") as file:
        file.write('{"kimg": 120.0, "metr')
    with directory.ticks.open("a") as file:
        file.write('{"kimg": null}\n')
    found = collect(one)
    assert found.skipped == [
        f"{id_of(RUN)}/ticks.jsonl:6: kimg is not a number from 0 to 1e+12",
        f"{id_of(RUN)}/metrics.jsonl:6: torn line",
    ]
    assert len(rows(one, "metrics")) == 5
    assert collect(one).skipped == found.skipped


def test_unreadable_trial_is_left_out_and_listed_every_time(one: ResultStore) -> None:
    one.run(id_of(RUN)).trial.write_text(json.dumps({"id": "x", "config": {"seed": 0}}))
    for _ in range(2):
        (line,) = collect(one).skipped
        assert line.startswith(f"{id_of(RUN)}/trial.json: config.")
    assert rows(one, "runs") == []


def test_trial_that_is_gone_is_dropped(store: ResultStore) -> None:
    collect(store)
    directory = store.run(id_of(RUN)).path
    os.rename(directory, store.path / "gone")
    found = collect(store)
    assert (found.trials, found.removed) == (11, 1)
    assert id_of(RUN) not in {row["trial"] for row in rows(store, "metrics")}


def test_a_score_that_is_not_a_number_means_divergence(one: ResultStore) -> None:
    append_lines(one.run(id_of(RUN)).metrics, [{**score_line(RUN, 120.0), "value": math.nan}])
    collect(one)
    (run,) = rows(one, "runs")
    assert (run["diverged_kimg"], run["diverged_because"]) == (120.0, "fid2k-lite0 is nan")


@pytest.mark.parametrize(
    ("value", "why"),
    [(None, "value is not a number"), (math.inf, "value is infinite"), (-math.inf, "value is infinite")],
)
def test_a_row_without_a_finite_or_nan_value_does_not_affect_the_run(
    one: ResultStore, value: float | None, why: str
) -> None:
    append_lines(one.run(id_of(RUN)).metrics, [{**score_line(RUN, 120.0), "value": value}])
    assert collect(one).skipped == [f"{id_of(RUN)}/metrics.jsonl:6: {why}"]
    (run,) = rows(one, "runs")
    assert run["diverged_kimg"] is None


def test_energy_and_hours_are_summed_over_attempts(one: ResultStore) -> None:
    directory = one.run(id_of(RUN))
    record = json.loads(directory.record(1).read_text())
    directory.attempt(2).mkdir()
    directory.record(2).write_text(json.dumps({**record, "attempt": 2, "energy": {"joules": None}}))
    collect(one)
    (run,) = rows(one, "runs")
    assert (run["attempts"], run["hours"], run["energy_joules"], run["unmetered_attempts"]) == (2, 2.0, 36_000.0, 1)


def test_store_without_trials_gives_no_rows(tmp_path: Path) -> None:
    found = collect(ResultStore(tmp_path))
    assert (found.trials, found.read, found.skipped) == (0, 0, [])


def test_new_trial_joins_the_shard_of_its_id(one: ResultStore) -> None:
    collect(one)
    other = RUN._replace(seed=1)
    write_trial(one, other, 100.0, 20.0)
    assert collect(one).read == 1
    assert {row["trial"] for row in rows(one, "runs")} == {id_of(RUN), id_of(other)}
