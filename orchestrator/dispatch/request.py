"""What a command asks of a sweep, and what is wrong with it."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.errors import Problem
from orchestrator.plan.cost import NO_TARIFF, Tariff
from orchestrator.sweep.spec import MAX_HORIZON_KIMG
from trainer.config.metrics.names import detector_name, distance_name, parse_metric
from trainer.config.probes import parse_probe
from trainer.errors import UserError

COMMAND_LINE = "command line"
NAMES: dict[str, Callable[[str], Any]] = {
    "metrics": parse_metric,
    "probes": parse_probe,
    "detector": detector_name,
    "distance": distance_name,
}
"""Functions that raise UserError for a wrong name, by key of the sweep that an option replaces."""


class RequestedEvaluation(NamedTuple):
    """Metrics and probes requested on the command line; None: as in the sweep."""

    metrics: tuple[str, ...] | None = None
    probes: tuple[str, ...] | None = None
    detector: str | None = None
    distance: str | None = None
    evaluation_seeds: int | None = None

    @property
    def given(self) -> dict[str, object]:
        """Return the given values by the keys of the sweep that they replace."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in self._asdict().items()
            if value is not None
        }

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Return the keys with names that nothing has, and what is wrong with each."""
        return [(key, text) for key, name in self._names if (text := _name_problem(key, name))]

    @property
    def settings(self) -> dict[str, object]:
        """Return the given values without those names."""
        wrong = {(key, name) for key, name in self._names if _name_problem(key, name)}
        lists = {key: [name for name in value if (key, name) not in wrong] for key, value in self._lists.items()}
        rest = {key: value for key, value in self.given.items() if key not in lists and (key, value) not in wrong}
        return {**rest, **lists}

    @property
    def _lists(self) -> dict[str, tuple[str, ...]]:
        return {key: value for key, value in self._asdict().items() if isinstance(value, tuple)}

    @property
    def _names(self) -> Iterator[tuple[str, str]]:
        for key in NAMES:
            value = getattr(self, key)
            yield from ((key, name) for name in (value if isinstance(value, tuple) else filter(None, [value])))


class Request(NamedTuple):
    """A request to plan: a sweep file, its tier, the backend, and overrides.

    With `evaluation`, snapshots are evaluated and nothing is trained.
    """

    file: Path
    tier: str = ""
    horizon_kimg: float | None = None
    tariff: Tariff = NO_TARIFF
    backend: str = "local"
    cpus: int | None = None
    evaluation: RequestedEvaluation | None = None
    detach: bool = False

    @property
    def is_horizon_valid(self) -> bool:
        """Return whether the horizon, if there is one, can be that of a sweep."""
        return self.horizon_kimg is None or 0 < self.horizon_kimg <= MAX_HORIZON_KIMG

    @property
    def are_prices_valid(self) -> bool:
        """Return whether power and prices, as far as they are given, are numbers from 0 on."""
        return not list(price_problems(self.tariff))

    def with_valid_prices(self) -> "Request":
        """Return the request; without power and prices if they are invalid."""
        return self if self.are_prices_valid else self._replace(tariff=NO_TARIFF)

    @property
    def is_cpus_valid(self) -> bool:
        """Return whether the limit of CPUs, if there is one, leaves any."""
        return self.cpus is None or self.cpus >= 1


def _name_problem(key: str, name: str) -> str:
    try:
        NAMES[key](name)
    except UserError as error:
        return "; ".join(filter(None, (error.problem, error.way_out)))
    return ""


def request_problems(request: Request) -> Iterator[Problem]:
    """Yield what is wrong with the options of a command, whatever the sweep."""
    kimg = request.horizon_kimg
    if kimg is not None and not request.is_horizon_valid:
        limit = f"at most {MAX_HORIZON_KIMG:g}" if kimg > 0 else "more than 0"
        yield option_problem("horizon-kimg", f"{kimg:g} is not {limit}")
    if not request.is_cpus_valid:
        yield option_problem("cpus", f"{request.cpus} is not at least 1")
    yield from price_problems(request.tariff)
    if request.evaluation:
        yield from (option_problem(key, text) for key, text in request.evaluation.problems)


def price_problems(tariff: Tariff) -> Iterator[Problem]:
    """Yield what is wrong with power and prices."""
    prices = {"watts": tariff.watts, "per-kwh": tariff.per_kwh, "per-gpu-hour": tariff.per_gpu_hour}
    for option, value in prices.items():
        if value is not None and not 0 <= value < math.inf:
            yield option_problem(option, f"{value:g} is not a number from 0 on")


def option_problem(option: str, text: str) -> Problem:
    """Return a problem of an option of the command line."""
    return Problem(COMMAND_LINE, f"--{option}", text)
