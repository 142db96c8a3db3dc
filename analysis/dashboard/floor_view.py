"""FID that a generator reaches by repeating its training images, per cell, as the probe `fid_floor` has measured it."""

from pydantic import BaseModel

from analysis.dashboard.live_store import LiveStore
from analysis.results.load import Runs
from analysis.results.probe_outputs import Probed, probed_of

PROBE = "fid_floor"


class FloorRow(BaseModel):
    """The floor of a cell (an index into the sweep's cells): mean and standard deviation over random subsets."""

    cell: int
    mean: float
    std: float


def floor_rows(live: LiveStore, sweep: str) -> list[FloorRow]:
    """Return the floors of the cells whose runs have been probed. Raises AnalysisError."""
    return live.once(("floors", sweep), lambda: _rows(live.sweep(sweep)[0]))


def _rows(runs: Runs) -> list[FloorRow]:
    if not any(probe.startswith(PROBE) for probe in runs.plan.probes):
        return []
    found = {cell: one for cell in runs.cells if (one := _first(runs, cell))}
    return [_row(runs.cells.index(cell), one) for cell, one in found.items()]


def _first(runs: Runs, cell: str) -> Probed | None:
    rows = runs.only([cell]).frame.to_dict("records")
    return next((one for run in rows for one in probed_of(runs, run, PROBE)), None)


def _row(cell: int, probed: Probed) -> FloorRow:
    arrays = probed.arrays()
    return FloorRow(cell=cell, mean=float(arrays["mean"][0]), std=float(arrays["std"][0]))
