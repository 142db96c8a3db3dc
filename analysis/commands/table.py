"""table: the results of a sweep, one row per cell."""

from typing import Annotated, Literal

import typer

from analysis.commands.sweep_results import IdentityOption, ScoreOption, load_results
from analysis.console import print_json, print_line, print_table
from analysis.results import summary
from analysis.results.in_words import in_words
from analysis.tables.store import open_store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption, SweepArgument
from trainer.command_line.sweeps import stored_name

EXAMPLES = """Examples:
  adasweep table demo
  adasweep table demo --format markdown
  adasweep table demo --format words
  adasweep table sweeps/demo.yaml --csv > demo.csv
"""
Format = Literal["text", "csv", "markdown", "words"]
FormatOption = Annotated[Format, typer.Option("--format", help="Output format.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Short for --format csv.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def table(
    sweep: SweepArgument,
    form: FormatOption = "text",
    csv: CsvOption = False,
    score: ScoreOption = None,
    identity: IdentityOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Print the results of a sweep, one row per cell."""
    chosen: Format = "csv" if csv else form
    place, quiet = open_store(store), as_json or chosen != "text"
    result = summary.summarize(*load_results(place, stored_name(store, sweep), score, identity, quiet=quiet))
    if as_json:
        about = {"sweep": result.sweep, "tier": result.tier, "score": result.score._asdict()}
        print_json({**about, "cells": result.table.to_dict("records")})
    elif chosen == "csv":
        print_line(result.table.to_csv(index=False, lineterminator="\n").rstrip())
    elif chosen == "markdown":
        print_line(summary.markdown(result))
    elif chosen == "words":
        print_line("\n".join(in_words(result)))
    else:
        print_table(summary.fitted_table(result), summary.notes(result))
    return 0
