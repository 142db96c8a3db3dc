"""What energy and machines cost, in any currency."""

from typing import NamedTuple


class Prices(NamedTuple):
    """Prices of a kWh and of an hour of a GPU; None where there is none."""

    per_kwh: float | None = None
    per_gpu_hour: float | None = None

    def money(self, kwh: float | None, gpu_hours: float) -> float | None:
        """Return the cost; None if neither has a price, or the energy that has one is not known."""
        if self.per_kwh is None and self.per_gpu_hour is None:
            return None
        if self.per_kwh is not None and kwh is None:
            return None
        return (self.per_kwh or 0.0) * (kwh or 0.0) + (self.per_gpu_hour or 0.0) * gpu_hours
