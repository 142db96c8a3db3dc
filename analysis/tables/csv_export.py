"""The tables as CSV files, for programs that cannot read Parquet: lists and maps become strict JSON text."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.csv import CSVWriter

from analysis.tables.schema import SCHEMAS, TABLES, read_shard
from analysis.tables.store import ResultStore
from trainer.files import matching, replacing, strict_json


def export_csv(store: ResultStore) -> list[Path]:
    """Write STORE/tables/{runs,metrics,ticks,attempts}.csv atomically and return their paths."""
    return [_export(store.tables, name) for name in sorted(TABLES)]


def _export(tables: Path, name: str) -> Path:
    path = tables / f"{name}.csv"
    schema = _flat(SCHEMAS[name].empty_table()).schema
    with replacing(path) as temporary, CSVWriter(temporary, schema) as writer:
        for shard in matching(tables / name, "[0-9a-f][0-9a-f].parquet"):
            writer.write_table(_flat(read_shard(tables, name, shard.stem)))
    return path


def _flat(table: pa.Table) -> pa.Table:
    """Return the table with nested columns as text."""
    for index, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            texts = [_text(value, field.type) for value in table[field.name].to_pylist()]
            table = table.set_column(index, field.name, pa.array(texts, pa.string()))
    return table


def _text(value: Any, kind: pa.DataType) -> str | None:
    return None if value is None else strict_json(dict(value) if pa.types.is_map(kind) else value)
