"""The reference of the Python interface and of the tables behind it: columns with their units."""

from collections.abc import Mapping

from analysis.notebook.columns import FRAMES
from analysis.tables.column_notes import COLUMN_NOTES, ColumnNote

INTRODUCTION = """# Python

```python
from analysis import open_store

sweep = open_store("store").sweep("demo")
sweep.runs()                       # tidy pandas frames
sweep.figure("fid_curves", ax)     # any figure, on axes of your own
```

The [notebook](notebooks/few_images.md) shows it at work.

::: analysis.notebook.frames"""

TABLES = """## Tables

The Parquet files in `STORE/tables`, one row per trial, value, tick and attempt. Read them with any tool."""


def python_page() -> str:
    """Return the page of the Python interface."""
    parts = [INTRODUCTION, "## Frames", *_tables(FRAMES), TABLES, *_tables(COLUMN_NOTES)]
    return "\n\n".join(parts) + "\n"


def _tables(frames: Mapping[str, Mapping[str, ColumnNote]]) -> list[str]:
    return [part for name, notes in frames.items() for part in (f"### {name}", _table(notes))]


def _table(notes: Mapping[str, ColumnNote]) -> str:
    rows = [f"| `{column}` | {note.unit} | {note.meaning} |" for column, note in notes.items()]
    return "\n".join(["| column | unit | meaning |", "|---|---|---|", *rows])
