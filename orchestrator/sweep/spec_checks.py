"""Checks of a sweep's spec as a whole: its figures and its score."""

import re
from collections.abc import Iterator

from orchestrator.sweep.keys import HORIZON
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.figures import FIGURE_NAMES
from trainer.config.metrics.names import family_of, is_deviation, parse_metric, value_names
from trainer.errors import UserError, did_you_mean


def spec_problems(spec: SweepSpec) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path and the text of each problem."""
    for index, name in enumerate(spec.figures):
        if name not in FIGURE_NAMES:
            yield ("figures", index), f"no figure is called {name!r}{did_you_mean(name, FIGURE_NAMES)}"
    for index, when in enumerate(spec.when):
        if not when.set and not when.grid:
            yield ("when", index), "changes nothing; add `set: {KEY: VALUE}`, or `grid`"
    yield from _score_problems(spec)
    yield from _horizon_problems(spec)


def _horizon_problems(spec: SweepSpec) -> Iterator[tuple[KeyPath, str]]:
    """Yield the horizons of single configurations of a search, where all must have one."""
    if not spec.search or not (spec.stop or spec.search.driver == "ray_tune"):
        return
    reader = "a stop rule" if spec.stop else "Ray Tune"
    for index, when in enumerate(spec.when):
        if HORIZON in when.set:
            yield ("when", index, "set", HORIZON), f"{reader} compares the configurations of a search at one horizon"


def _score_problems(spec: SweepSpec) -> Iterator[tuple[KeyPath, str]]:
    if spec.score and not _is_measured(spec):
        measured = [*spec.metrics, *(name for name in _measured(spec) if name not in spec.metrics)]
        listed = ", ".join(measured) or "none"
        yield ("score",), f"{spec.score} is not measured; metrics: {listed}{did_you_mean(spec.score, measured)}"
    if not spec.metrics:
        readers = {"search": spec.search, "stop": spec.stop}
        yield from (((key,), "needs a score, but `metrics` is empty") for key, there in readers.items() if there)


def _is_measured(spec: SweepSpec) -> bool:
    try:
        score = spec.score_name
    except UserError:
        return False
    return score in _measured(spec) or any(re.fullmatch(rf"{name}_\d+", score) for name in _of_every_resolution(spec))


def _measured(spec: SweepSpec) -> list[str]:
    """Return the recorded names of all values that can be a score."""
    recorded = [one for name in spec.metrics for one in value_names(parse_metric(name), spec.detector, spec.distance)]
    return [name for name in recorded if not is_deviation(name)]


def _of_every_resolution(spec: SweepSpec) -> list[str]:
    """Return the metrics that are also recorded per resolution, such as swd2k_16."""
    return [name for name in spec.metrics if family_of(name).acronym == "SWD"]
