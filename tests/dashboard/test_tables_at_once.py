"""A server that starts reads its tables from one file each, and what has changed since from the shards."""

from pathlib import Path

import pyarrow as pa
import pytest

from analysis.dashboard import memory_tables
from analysis.dashboard.memory_tables import KEPT, MemoryTables
from analysis.synthetic_store import id_of, write_store
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE

TRIALS = sorted({id_of(run) for run in WHOLE})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultStore:
    """A store whose tables have been held once, and written in one file each."""
    monkeypatch.setattr(memory_tables, "MANY_SHARDS", 1)
    store = write_store(tmp_path, WHOLE)
    collect(store)
    _rows(store)
    return store


def _rows(store: ResultStore) -> dict[str, list[dict[str, object]]]:
    tables = MemoryTables(store)
    return {name: tables.rows(name, KEPT[name], TRIALS).to_pylist() for name in KEPT}


def _shards_read(store: ResultStore, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], dict[str, object]]:
    read: list[str] = []
    plain = memory_tables._read

    def noted(path: Path, table: str) -> pa.Table:
        read.append(path.name)
        return plain(path, table)

    with monkeypatch.context() as patch:
        patch.setattr(memory_tables, "_read", noted)
        return read, dict(_rows(store))


def test_a_second_start_reads_no_shard_and_the_same_rows(store: ResultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {name: MemoryTables(store).rows(name, KEPT[name], TRIALS).to_pylist() for name in KEPT}
    assert all(expected.values())
    assert _shards_read(store, monkeypatch) == ([], expected)


def test_what_has_changed_since_is_read_from_its_shard(store: ResultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    log = store.run(TRIALS[0]).path / "metrics.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:1]))
    collect(store)
    read, rows = _shards_read(store, monkeypatch)
    assert set(read) == {f"{TRIALS[0][:2]}.parquet"}
    (store.tables / "whole" / "metrics.arrow").unlink()
    assert _rows(store) == rows


@pytest.mark.parametrize("damage", [b"", b"no table", None])
def test_a_damaged_copy_is_made_again(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch, damage: bytes | None
) -> None:
    expected = _rows(store)
    copy = store.tables / "whole" / "metrics.arrow"
    copy.write_bytes(copy.read_bytes()[:-200] if damage is None else damage)
    assert _shards_read(store, monkeypatch)[1] == expected
    assert _shards_read(store, monkeypatch)[0] == []


def test_a_copy_that_cannot_be_written_is_not_missed(store: ResultStore) -> None:
    expected = _rows(store)
    whole = store.tables / "whole"
    for copy in whole.iterdir():
        copy.unlink()
    whole.rmdir()
    whole.write_text("in the way")
    assert _rows(store) == expected
