"""The schedules of projection (Karras et al. 2020b, App. D)."""

import math
from typing import NamedTuple


class Schedule(NamedTuple):
    """`rate` is Adam's maximum learning rate; ramps are fractions of all steps; `noise` is relative to sigma_w."""

    steps: int = 1000
    rate: float = 0.1
    ramp_up: float = 0.05
    ramp_down: float = 0.25
    noise: float = 0.05
    noise_ramp: float = 0.75

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of a step: a linear ramp from 0 at the start, a cosine ramp to 0 at the end."""
        progress = step / self.steps
        down = min(1.0, (1 - progress) / self.ramp_down)
        return self.rate * (0.5 - 0.5 * math.cos(math.pi * down)) * min(1.0, progress / self.ramp_up)

    def noise_scale(self, step: int) -> float:
        """Return 0.05 t^2 with t from 1 to 0 over the first three quarters: the noise on w, in units of sigma_w."""
        t = max(0.0, 1 - step / self.steps / self.noise_ramp)
        return self.noise * t**2
