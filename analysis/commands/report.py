"""report: sweeps as one self-contained page."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.factors import CarbonOption, NodeDevicesOption, NodeWattsOption, factors_of
from analysis.commands.sweep_results import print_skipped, readable
from analysis.console import print_json, print_line
from analysis.report.pdf import print_pdf
from analysis.report.report import write_report
from analysis.tables.collect import collect as collect_tables
from analysis.tables.store import open_store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.command_line.sweeps import stored_name

EXAMPLES = """Examples:
  adasweep report demo --pdf
  adasweep report demo other --out both.html
"""
SweepsArgument = Annotated[list[str], typer.Argument(metavar="SWEEP", help="Sweeps: their files or names.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="The page to write.", show_default="STORE/reports/SWEEP.html")
]
PdfOption = Annotated[bool, typer.Option("--pdf", help="Also write a PDF, with an installed Chromium.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def report(
    sweeps: SweepsArgument,
    out: OutOption = None,
    pdf: PdfOption = False,
    kg_per_kwh: CarbonOption = None,
    node_watts: NodeWattsOption = None,
    node_devices: NodeDevicesOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Write a report of sweeps as one page: question, cells, figures, claims, energy.

    That of a store that may only be read goes to the working directory, unless --out says otherwise.
    """
    factors = factors_of(kg_per_kwh, node_watts, node_devices)
    names = [stored_name(store, sweep) for sweep in sweeps]
    with readable(open_store(store)) as place:
        collected = collect_tables(place)
        folder = Path.cwd() if place.collected else place.reports
        html = out or folder / f"{'+'.join(name.replace('/', '-') for name in names)}.html"
        parts = write_report(replace(place, outputs=place.collected), names, html, factors)
    written = [html]
    if pdf:
        print_pdf(html, html.with_suffix(".pdf"))
        written.append(html.with_suffix(".pdf"))
    if as_json:
        print_json({"files": [str(path) for path in written], "claims": {part.sweep: part.verdicts for part in parts}})
        return 0
    print_skipped(collected)
    for path in written:
        print_line(str(path))
    return 0
