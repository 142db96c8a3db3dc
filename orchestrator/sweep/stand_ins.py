"""Stand-ins for what a cell names and does not exist, so that the mistakes in its other values are found as well."""

from pathlib import Path

from orchestrator.sweep.overlay import StandIn
from orchestrator.sweep.trial import LocatedData
from trainer.config.dataset.config import DataDescription

MANY = 1_000_000_000


def _data(resolution: int, channels: int, classes: int) -> LocatedData:
    shape = {"resolution": resolution, "channels": channels, "classes": classes}
    return LocatedData(DataDescription(name="stand-in", fingerprint="0" * 16, images=MANY, **shape), Path())


STAND_INS = (StandIn(_data(32, 1, 10), "auto"), StandIn(_data(256, 3, 1000), "biggan"))
"""They have nothing in common: what is wrong with a cell on both is wrong whatever its data set and preset."""
