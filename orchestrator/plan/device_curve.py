"""Measured curves of speed against the number of devices, by host and by the shape of the configuration."""

import socket
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from orchestrator.plan.benchmark_file import shape_key
from orchestrator.plan.published import PUBLISHED_V100
from orchestrator.plan.right_size import DevicePoint
from orchestrator.sweep.requested_resources import DeviceKind
from trainer.config.spec import Positive, PositiveInt, Settings
from trainer.config.stored import Malformed, read_document
from trainer.config.train import TrainConfig
from trainer.files import matching, replace_file

FOLDER = "devices"
CURVE_RESOLUTION = 256
"""The resolution for which times on several numbers of GPUs were published."""


class StoredPoint(Settings):
    """One point of a curve."""

    devices: PositiveInt
    images_per_second: Positive


class StoredCurve(Settings):
    """The images per second for each number of devices that was measured."""

    points: Annotated[tuple[StoredPoint, ...], Field(min_length=1)]


class KnownCurve(NamedTuple):
    """A curve and where it is from."""

    points: tuple[DevicePoint, ...]
    source: str


def write_curve(folder: Path, config: TrainConfig, kind: DeviceKind, curve: list[DevicePoint]) -> None:
    """Store a curve of this host."""
    points = tuple(StoredPoint(**point._asdict()) for point in curve)
    replace_file(_path(folder, config, kind), StoredCurve(points=points).model_dump_json())


def read_curve(
    folder: Path, config: TrainConfig, kind: DeviceKind, malformed: list[Malformed] | None = None
) -> KnownCurve | None:
    """Return the curve measured for configurations like `config`, here or else on another host; None without any.

    Files that are invalid are skipped, and reported in `malformed`.
    """
    here = _path(folder, config, kind)
    for path in (here, *matching(folder, f"*/{FOLDER}/{here.name}")):
        found = read_document(path, StoredCurve, malformed)
        if found:
            points = tuple(DevicePoint(point.devices, point.images_per_second) for point in found.points)
            return KnownCurve(points, f"measured on {path.parent.parent.name}")
    return None


def published_curve() -> KnownCurve:
    """Return the published curve of V100s."""
    rows = sorted(PUBLISHED_V100.items())
    points = (DevicePoint(count, 1000 / seconds) for (side, count), seconds in rows if side == CURVE_RESOLUTION)
    return KnownCurve(tuple(points), f"published: {CURVE_RESOLUTION}x{CURVE_RESOLUTION} on V100")


def _path(folder: Path, config: TrainConfig, kind: DeviceKind) -> Path:
    return folder / socket.gethostname() / FOLDER / f"{shape_key(config)}-{kind}.json"
