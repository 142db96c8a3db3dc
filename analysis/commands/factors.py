"""Command-line options for the factors of the energy ledger."""

import math
from typing import Annotated, Any

import typer

from analysis.results.energy_ledger import Factors
from trainer.errors import UserError

CarbonOption = Annotated[
    float | None,
    typer.Option("--kg-per-kwh", help="CO2 per kWh.", show_default="world average"),
]
NodeWattsOption = Annotated[
    float | None, typer.Option("--node-watts", help="Power of a node, for the paper's formula.")
]
NodeDevicesOption = Annotated[int | None, typer.Option("--node-devices", min=1, help="Devices of a node.")]


def factors_of(kg_per_kwh: float | None, node_watts: float | None, node_devices: int | None) -> Factors:
    """Return the default factors with the given ones replaced. Raises UserError for one that is not above 0."""
    for option, value in (("--kg-per-kwh", kg_per_kwh), ("--node-watts", node_watts)):
        if value is not None and not 0 < value < math.inf:
            raise UserError(option, f"{value:g} is not above 0", "give a number above 0")
    given: dict[str, Any] = {"node_watts": node_watts, "node_devices": node_devices, "kg_per_kwh": kg_per_kwh}
    if kg_per_kwh is not None:
        given["kg_source"] = "given with --kg-per-kwh"
    return Factors()._replace(**{name: value for name, value in given.items() if value is not None})
