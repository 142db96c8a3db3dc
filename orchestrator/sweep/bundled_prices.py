"""The prices of the bundled sweeps, made ahead: thousands of trials, of data sets that may not be here."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from orchestrator.sweep.bundled import FOLDER

FILE = FOLDER / "prices.json"


class BundledPrice(NamedTuple):
    """Runs of a tier, and the hours of CPU cores (if it uses no GPUs) and of GPUs, at published speeds."""

    runs: int
    cpu_hours: float
    gpu_hours: float

    def __str__(self) -> str:
        if self.gpu_hours:
            return f"{_plain(self.gpu_hours)} GPU-h"
        return f"{_plain(self.cpu_hours)} core-h" if self.cpu_hours >= 3 else f"{_plain(60 * self.cpu_hours)} core-min"


def _plain(number: float) -> str:
    """Return a number without an exponent: 0.4, 12, 24,000."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def bundled_prices() -> Mapping[str, Mapping[str, BundledPrice]]:
    """Return the price of each tier of each bundled sweep; "" is the file without a tier."""
    read = json.loads(FILE.read_text(encoding="utf-8"))
    return {sweep: {tier: BundledPrice(**price) for tier, price in tiers.items()} for sweep, tiers in read.items()}
