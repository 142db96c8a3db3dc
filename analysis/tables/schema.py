"""The Parquet tables: their typed columns (units in the names), and how one shard is read and replaced.

    tables/runs/ab.parquet       one row per trial whose id starts with ab
    tables/metrics/ab.parquet    one row per (trial, kimg, metric, identity): the curves
    tables/ticks/ab.parquet      one row per (trial, kimg): what the worker reported while training
    tables/attempts/ab.parquet   one row per attempt: its time, devices and energy (analysis.tables.attempts.AttemptRow)

A shard is replaced atomically, that of `runs` last: its `signature` column identifies the state of the files that all
four tables were read from. The others name that state, too, so that no shard is used beside those of another one.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow.fs import LocalFileSystem

from analysis.errors import ResultStoreError
from trainer.errors import printable
from trainer.files import replacing

Row = dict[str, Any]

SCHEMA_VERSION = b"9"
MISFITS = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError)
REPEATED = ["metric", "identity", "basis", "reference"]
TABLES = ("metrics", "ticks", "attempts", "runs")
VERSION, SOURCE = b"adasweep:schema", b"adasweep:source"

_NUMBER, _COUNT, _TEXT, _TEXTS = pa.float64(), pa.int64(), pa.string(), pa.list_(pa.field("element", pa.string()))

SCHEMAS: dict[str, pa.Schema] = {
    name: pa.schema(columns, metadata={VERSION: SCHEMA_VERSION})
    for name, columns in {
        "runs": [
            ("trial", _TEXT),
            ("signature", _TEXT),
            ("created_unix_s", _NUMBER),
            ("config_json", _TEXT),
            ("dataset_fingerprint", _TEXT),
            ("resolution_pixels", _COUNT),
            ("subset_images", _COUNT),
            ("training_images", _COUNT),
            ("augment", _TEXT),
            ("augment_target", _NUMBER),
            ("attempts", _COUNT),
            ("recorded_state", _TEXT),
            ("standing_json", _TEXT),
            ("message", _TEXT),
            ("kimg", _NUMBER),
            ("hours", _NUMBER),
            ("images_per_second", _NUMBER),
            ("nan_gradients", _COUNT),
            ("energy_joules", _NUMBER),
            ("energy_methods", _TEXTS),
            ("unmetered_attempts", _COUNT),
            ("codes", _TEXTS),
            ("ops", _TEXTS),
            ("processors", _TEXTS),
            ("diverged_kimg", _NUMBER),
            ("diverged_because", _TEXT),
            ("worker_diverged_kimg", _NUMBER),
            ("skipped", _TEXTS),
        ],
        "metrics": [
            ("trial", _TEXT),
            ("attempt", _COUNT),
            ("kimg", _NUMBER),
            ("metric", _TEXT),
            ("identity", _TEXT),
            ("basis", _TEXT),
            ("value", _NUMBER),
            ("num_real", _COUNT),
            ("num_generated", _COUNT),
            ("reference", _TEXT),
            ("seed", _COUNT),
            ("evaluation_seconds", _NUMBER),
            ("time_unix_s", _NUMBER),
        ],
        "ticks": [
            ("trial", _TEXT),
            ("attempt", _COUNT),
            ("kimg", _NUMBER),
            ("time_unix_s", _NUMBER),
            ("seconds_per_kimg", _NUMBER),
            ("images_per_second", _NUMBER),
            ("p", _NUMBER),
            ("r_t", _NUMBER),
            ("r_v", _NUMBER),
            ("lr", _NUMBER),
            ("nan_gradients", _COUNT),
            ("memory_gib", _NUMBER),
            ("energy_joules", _NUMBER),
            ("stats", pa.map_(pa.string(), pa.float64())),
        ],
        "attempts": [
            ("trial", _TEXT),
            ("number", _COUNT),
            ("sweep", _TEXT),
            ("state", _TEXT),
            ("seconds", _NUMBER),
            ("training_seconds", _NUMBER),
            ("metrics_seconds", _NUMBER),
            ("gpus", _NUMBER),
            ("cpus", _COUNT),
            ("joules", _NUMBER),
            ("method", _TEXT),
            ("coverage", _NUMBER),
            ("used", _NUMBER),
            ("device_watts", _NUMBER),
            ("work", _TEXT),
            ("from_kimg", _NUMBER),
            ("to_kimg", _NUMBER),
        ],
    }.items()
}


def table_of(name: str, rows: Sequence[Row]) -> pa.Table:
    """Return `rows` as a table with the columns of `name`; other keys are dropped, values of a wrong type are null."""
    try:
        return pa.Table.from_pylist(list(rows), schema=SCHEMAS[name])
    except MISFITS:
        fitting = [{field.name: _fitting(row.get(field.name), field) for field in SCHEMAS[name]} for row in rows]
        return pa.Table.from_pylist(fitting, schema=SCHEMAS[name])


def _fitting(value: Any, field: pa.Field) -> Any:
    try:
        return pa.scalar(value, field.type).as_py()
    except MISFITS:
        return None


class ShardStamp(NamedTuple):
    """Changes whenever a shard is replaced."""

    inode: int
    size: int
    modified_ns: int


def source_of(runs: pa.Table) -> bytes:
    """Return a digest of the state of the files that a shard of `runs`, and those beside it, were read from."""
    signatures = runs.select(["trial", "signature"]).to_pydict()  # in the order of the trials
    return hashlib.sha256(str(signatures).encode()).hexdigest()[:16].encode()


def is_of_source(path: Path, source: bytes) -> bool:
    """Return whether a shard is there, of the current schema version, and read from this state of the files."""
    if not os.path.isfile(path):  # the end of a pipe would be waited for
        return False
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowInvalid):
        return False
    return is_current(schema) and bool(schema.metadata.get(SOURCE) == source)


def stamp_of(path: Path) -> ShardStamp:
    """Return the stamp of a shard. Raises FileNotFoundError."""
    status = path.stat()
    return ShardStamp(status.st_ino, status.st_size, status.st_mtime_ns)


def shard_path(tables: Path, name: str, shard: str) -> Path:
    """Return the path of one shard of a table; `shard` is the first two digits of its trial ids."""
    return tables / name / f"{shard}.parquet"


def read_shard(tables: Path, name: str, shard: str) -> pa.Table:
    """Return one shard; empty if it does not exist or has another schema version.

    Raises ResultStoreError if it is damaged.
    """
    path = shard_path(tables, name, shard)
    if not os.path.isfile(path):
        return SCHEMAS[name].empty_table()
    with told_if_damaged(path):
        table = pq.read_table(path, partitioning=None)
    return table if is_current(table.schema) else SCHEMAS[name].empty_table()


@contextmanager
def told_if_damaged(place: Path) -> Iterator[None]:
    """Convert what is raised for a damaged shard, or one that cannot be read, into ResultStoreError."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        why = printable(" ".join(str(error).split()))
        raise ResultStoreError(f"{place}: cannot be read ({why}); remove it, then run adasweep collect") from error


def is_current(schema: pa.Schema) -> bool:
    """Return whether a file was written with the current schema version."""
    return bool((schema.metadata or {}).get(VERSION) == SCHEMA_VERSION)


def replace_shard(tables: Path, name: str, shard: str, table: pa.Table, source: bytes) -> None:
    """Replace one shard atomically."""
    path = shard_path(tables, name, shard)
    with replacing(path) as temporary:
        marked = table.replace_schema_metadata({**(table.schema.metadata or {}), SOURCE: source})
        pq.write_table(marked, temporary, compression="zstd")


def read_table(tables: Path, name: str, columns: Sequence[str], trials: Sequence[str]) -> pa.Table:
    """Return `columns` of the rows of `trials`, reading only their shards.

    Raises ResultStoreError if they are damaged, or of another schema version. Shards are replaced in order, so the last
    one is checked.
    """
    paths = [shard_path(tables, name, shard) for shard in sorted({trial[:2] for trial in trials})]
    repeated = [column for column in columns if column in REPEATED]
    file_format = ds.ParquetFileFormat(dictionary_columns=repeated)
    schema = pa.schema([_as_read(SCHEMAS[name].field(column)) for column in columns])
    with told_if_damaged(tables / name):
        present = [str(path) for path in paths if os.path.isfile(path)]
        if present and not is_current(pq.read_schema(present[-1])):
            raise ResultStoreError(f"{present[-1]}: written by another version; run adasweep collect")
        read = ds.FileSystemDataset.from_paths(present, schema, file_format, LocalFileSystem()).to_table(list(columns))
    rows = read.unify_dictionaries()
    return rows.filter(pc.is_in(rows["trial"], pa.array(trials, pa.string())))


def _as_read(field: pa.Field) -> pa.Field:
    return field.with_type(pa.dictionary(pa.int32(), pa.string())) if field.name in REPEATED else field
