"""Metrics that a sweep is taken to have where its own cannot be read, so that what is about them is checked."""

import re
from collections.abc import Collection, Iterator

from orchestrator.sweep.claims import UNREAD, well_formed
from orchestrator.sweep.spec import SweepSpec
from trainer.config.claims.grammar import is_measured
from trainer.config.metrics.names import parse_metric
from trainer.config.published_value import PublishedValue
from trainer.errors import UserError


def assuming(spec: SweepSpec, wrong: Collection[int | str] | None) -> SweepSpec:
    """Return a sweep that measures what its claims, published values and score are about, as far as it may.

    `wrong` are the places of metrics that cannot be read: as many metrics are assumed there, if they are enough; None
    if none can be read, and all may be assumed. What is about others is left out.
    """
    known = [] if wrong is None else [name for place, name in enumerate(spec.metrics) if place not in wrong]
    named = [name for name in _named(spec) if not is_measured(name, known)]
    assumed = list(dict.fromkeys(metric for name in named if (metric := metric_of(name))))
    if wrong is not None and len(assumed) > len(wrong):
        assumed = []
    if wrong is None:
        return _measuring(spec, assumed or spec.metrics, assumed)
    there = dict(zip(sorted(wrong, key=int), assumed, strict=False))
    metrics = [there.get(place, name) for place, name in enumerate(spec.metrics)]
    return _measuring(spec, metrics, [*known, *assumed])


def metric_of(recorded: str) -> str | None:
    """Return the metric that records a number under this name (`pr2k` of `pr2k_recall-lite0`); None: there is none."""
    name = recorded.partition("-")[0]
    return next((one for one in (name, re.sub(r"_[a-z0-9]+$", "", name)) if _records(one, recorded)), None)


def _records(metric: str, recorded: str) -> bool:
    try:
        parse_metric(metric)
    except UserError:
        return False
    return is_measured(recorded, [metric])


def _named(spec: SweepSpec) -> Iterator[str]:
    """Yield the names of metrics that a sweep refers to."""
    yield from filter(None, [spec.score])
    yield from (claim.metric for _, claim in well_formed(spec.claims) if claim.metric)
    yield from (value.metric for value in spec.published)


def _measuring(spec: SweepSpec, metrics: list[str], known: list[str]) -> SweepSpec:
    """Return a sweep with other metrics, without what is about none of the `known`."""
    others = {place for place, one in well_formed(spec.claims) if one.metric and not is_measured(one.metric, known)}
    claims = [f"{UNREAD}{place}" if place in others else claim for place, claim in enumerate(spec.claims)]
    published = [value if is_measured(value.metric, known) else _about(value, metrics[0]) for value in spec.published]
    score = spec.score if is_measured(spec.score, known) else ""
    return spec.model_copy(update={"metrics": metrics, "score": score, "published": published, "claims": claims})


def _about(value: PublishedValue, metric: str) -> PublishedValue:
    """Return a published value that keeps its place and its cell, of another metric."""
    return value.model_copy(update={"metric": metric})
