"""Choose a number of devices from the speed of training with each number. Values only.

Energy is taken as proportional to devices times time: the published times of 1, 2, 4 and 8 GPUs (Karras et al. 2020)
differ by 7 % in device-hours up to 4 GPUs, and by 70 % at 8.
"""

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.sweep.requested_resources import DeviceKind


class DevicePoint(NamedTuple):
    """The images per second of a training on a number of devices, with the batch fixed."""

    devices: int
    images_per_second: float

    @property
    def device_seconds(self) -> float:
        """Return the device-seconds per image."""
        return self.devices / self.images_per_second


class DeviceChoice(NamedTuple):
    """The number of devices taken, and the curve from which."""

    kind: DeviceKind
    taken: DevicePoint
    curve: tuple[DevicePoint, ...]
    source: str
    within: float = 1.0


def right_size(curve: Sequence[DevicePoint], within: float = 1.0) -> DevicePoint:
    """Return the fastest point that needs at most `within` times the least energy; of equally fast ones the smallest.

    Raises ValueError for an empty curve.
    """
    least = min(point.device_seconds for point in curve)
    eligible = [point for point in curve if point.device_seconds <= least * within]
    return max(eligible, key=lambda point: (point.images_per_second, -point.devices))


def relative_energy(curve: Sequence[DevicePoint]) -> list[float]:
    """Return the energy of each point relative to the least."""
    least = min(point.device_seconds for point in curve)
    return [point.device_seconds / least for point in curve]


def powers_of_two(most: int) -> list[int]:
    """Return 1, 2, 4 … up to `most`."""
    return [2**power for power in range(most.bit_length())]
