"""The metrics of a sweep that a table shows: those of given families, by their recorded names."""

import re

from analysis.results.load import Curves
from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.metrics.names import MetricSpec, is_deviation, parse_metric, value_names
from trainer.config.plan_file import PlanFile


def plotted_metrics(plan: PlanFile, curves: Curves, families: tuple[str, ...]) -> list[Curves]:
    """Return the curves of the metrics of `plan` that belong to `families`, in that order; of the score for ()."""
    specs = [parse_metric(name) for name in plan.metrics]
    wanted = [spec for family in families for spec in specs if spec.family == family]
    names = [name for spec in wanted for name in _names(spec, plan, curves)]
    shown = [name for name in names if not is_deviation(name)]
    return [curves.of(name) for name in shown] or [curves]


def _names(spec: MetricSpec, plan: PlanFile, curves: Curves) -> list[str]:
    """Return the names of a metric's values: those it always has, then those per resolution, the highest first."""
    always = value_names(spec, plan.detector or DETECTOR, plan.distance or DISTANCE)
    found = [match for name in curves.recorded if (match := re.fullmatch(rf"{spec.name}_(\d+)", name))]
    return [*always, *(match[0] for match in sorted(found, key=lambda match: -int(match[1])))]
