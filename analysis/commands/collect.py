"""collect: collect the results of trials into Parquet tables."""

from typing import Annotated

import typer

from analysis.commands.sweep_results import print_skipped
from analysis.console import print_json, print_line
from analysis.tables.collect import collect as collect_tables
from analysis.tables.csv_export import export_csv
from analysis.tables.store import open_store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.errors import counted

EXAMPLES = """Examples:
  adasweep collect
  adasweep collect --csv
"""
CsvOption = Annotated[bool, typer.Option("--csv", help="Also write the tables as CSV files.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def collect(csv: CsvOption = False, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Collect the results of changed trials into tables, and list what was skipped."""
    place = open_store(store)
    found = collect_tables(place)
    written = export_csv(place) if csv else []
    if as_json:
        print_json(found._asdict() | ({"csv": [str(path) for path in written]} if csv else {}))
        return 0
    trials, unchanged = counted(found.trials, "trial"), found.trials - found.read
    print_line(f"{trials}: {found.read} read, {unchanged} unchanged, {found.removed} gone")
    print_skipped(found)
    for path in written:
        print_line(str(path))
    return 0
