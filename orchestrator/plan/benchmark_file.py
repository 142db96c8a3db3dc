"""Benchmarks of a machine, by host and by the shape of the configuration."""

import hashlib
import json
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from trainer.config.job import Cpus
from trainer.config.spec import NonNegative, Settings
from trainer.config.stored import MOST_SECONDS, Malformed, read_document
from trainer.config.train import TrainConfig
from trainer.files import matching, replace_file


class Benchmark(Settings):
    """A measurement on this machine, as `python -m trainer benchmark` prints it.

    `cpus` is its number of threads, `ops` its implementation of the operations, "" if unknown.
    """

    seconds_per_kimg: Annotated[float, Field(gt=0, le=MOST_SECONDS)]
    seconds_per_thousand_evaluated: Annotated[float, Field(ge=0, le=MOST_SECONDS)]
    peak_memory_gib: NonNegative = 0.0
    cpus: Cpus | None = None
    ops: str = ""


def shape_key(config: TrainConfig) -> str:
    """Return 12 digits that are equal for configurations that take the same time per image."""
    parts = config.model_dump(mode="json", include={"generator", "discriminator", "augment", "batch", "micro_batch"})
    parts["augment"] = {name: parts["augment"].get(name) for name in ("type", "pipe")}
    parts["data"] = config.data.model_dump(mode="json", include={"resolution", "channels"})
    parts["path_length"] = getattr(config.objective, "path_length_weight", 0) > 0
    parts["objective"], parts["methods"] = config.objective.type, [method.type for method in config.methods]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def benchmark_path(folder: Path, config: TrainConfig) -> Path:
    """Return the file of this host's benchmark of configurations like `config`."""
    return folder / socket.gethostname() / f"{shape_key(config)}.json"


def write_benchmark(folder: Path, config: TrainConfig, benchmark: Benchmark) -> None:
    """Store a measurement."""
    replace_file(benchmark_path(folder, config), benchmark.model_dump_json())


def read_benchmarks(folder: Path, malformed: list[Malformed] | None = None) -> dict[str, Benchmark]:
    """Return this host's benchmarks by shape; files that are invalid are skipped, and reported in `malformed`."""
    paths = matching(folder / socket.gethostname(), "*.json")
    return {path.stem: found for path in paths if (found := read_document(path, Benchmark, malformed))}


def damaged_benchmarks(folder: Path, configs: Iterable[TrainConfig]) -> Iterator[str]:
    """Yield a line for each of this host's benchmarks of these configurations that cannot be read."""
    found: dict[str, list[Malformed]] = {}
    for path in matching(folder / socket.gethostname(), "*.json"):
        read_document(path, Benchmark, found.setdefault(path.stem, []))
    if any(found.values()):  # shapes take a second for ten thousand configurations
        shapes = dict.fromkeys(map(shape_key, configs))
        damaged = [one for shape in shapes for one in found.get(shape, ())]
        yield from (f"{one}; it counts as not measured: plan with --benchmark, or remove it" for one in damaged)
