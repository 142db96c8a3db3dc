"""energy: the energy used by sweeps."""

from typing import Annotated

import typer

from analysis.commands.factors import CarbonOption, NodeDevicesOption, NodeWattsOption, factors_of
from analysis.console import print_json, print_line, print_table
from analysis.results import energy_table as energy_table
from analysis.results.energy_table import energy_of
from analysis.tables.store import open_store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.command_line.sweeps import stored_name

EXAMPLES = """Examples:
  adasweep energy                       the whole store
  adasweep energy demo --kg-per-kwh 0.2
"""
SweepsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="SWEEP", help="Sweeps: their files or names.", show_default="all"),
]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def energy(
    sweeps: SweepsArgument = None,
    kg_per_kwh: CarbonOption = None,
    node_watts: NodeWattsOption = None,
    node_devices: NodeDevicesOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Show the energy of sweeps: measured, estimated, by the paper's formula, wasted and reused, with its CO2."""
    place, factors = open_store(store), factors_of(kg_per_kwh, node_watts, node_devices)
    found, skipped = energy_of(place, [stored_name(store, sweep) for sweep in sweeps or []], factors)
    if as_json:
        print_json(energy_table.as_json(found) | {"skipped": skipped})
        return 0
    for line in skipped:
        print_line(f"skipped {line}")
    print_table(energy_table.fitted_table(found), energy_table.notes(found))
    return 0
